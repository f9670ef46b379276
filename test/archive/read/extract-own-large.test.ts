import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { filesPrefix } from "../../../src/archive/listing/entry-row.ts";
import { objectSource } from "../../../src/archive/read/byte-source.ts";
import { entrySpan, openArchive, type Archive } from "../../../src/archive/read/open-archive.ts";
import { extractToRoots } from "../../../src/archive/restore/extract-to-roots.ts";
import type { ReadRunner } from "../../../src/archive/threads/read-runner.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { lines, noise, withEndsInside } from "../../support/contents.ts";
import { inlineRunner } from "../../support/inline-runners.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { packArchive } from "../../support/pack-archive.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import { flipBit, replaceObject } from "../../support/replace-object.ts";
import { randomFrom } from "../../support/zip-mutations.ts";

const MiB = 2 ** 20;
let scratch: string;
let container: string;
let target: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lifeboat-large-"));
  container = join(scratch, "container");
  target = join(scratch, "target");
  mkdirSync(container);
  mkdirSync(target);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const pack = async (files: Readonly<Record<string, Buffer>>): Promise<void> => {
  const site = new MemorySite();
  for (const [name, content] of Object.entries(files)) site.writeFile(pathFromText(name), content);
  await packArchive({ site, destination: directoryDestination(container), blockBytes: MiB });
};

const open = async (): Promise<Archive> => {
  const destination = directoryDestination(container);
  const object = await destination.head("a.zip");
  if (object === undefined) throw new Error("No archive was made.");
  return openArchive(objectSource(destination, object));
};

/** What is asked of the threads, besides what is done. */
const watchedRunner = (): { readonly runner: ReadRunner; readonly kinds: Set<string> } => {
  const kinds = new Set<string>();
  const runner: ReadRunner = {
    threads: 2,
    run: async (kind, job) => {
      kinds.add(kind);
      return inlineRunner.run(kind, job);
    },
  };
  return { runner, kinds };
};

const extract = async (archive: Archive): Promise<ReadonlySet<string>> => {
  const { runner, kinds } = watchedRunner();
  const roots = [{ at: pathFromText(""), directory: target }];
  await extractToRoots(archive, archive.byOffset, { runner, roots, prefix: filesPrefix, stampsFolders: true });
  return kinds;
};

describe("large files of an archive of this machine", () => {
  it("are read there by the threads: what deflates, what does not, both in one, and whole slices", async () => {
    const files = {
      lines: lines(20 * MiB + 1),
      noise: noise(17 * MiB),
      both: Buffer.concat([noise(9 * MiB), lines(9 * MiB), noise(3 * MiB)]),
      whole: lines(16 * MiB),
      zeros: Buffer.alloc(9 * MiB),
    };
    await pack(files);
    expect([...(await extract(await open()))].toSorted()).toEqual(["findSlices", "ownSlice", "place"]);
    for (const [name, content] of Object.entries(files))
      expect(readFileSync(join(target, name)).equals(content), name).toBe(true);
  });

  it("are read as those of any archive where a slice holds what looks like its end", async () => {
    const files = { odd: withEndsInside(1, 16 * MiB) };
    await pack(files);
    expect([...(await extract(await open()))].toSorted()).toEqual(["findSlices", "ownSlice", "place", "slice"]);
    expect(readFileSync(join(target, "odd")).equals(files.odd)).toBe(true);
  });

  it("are told to be damaged when a bit of them is another one, also of what ends them", async () => {
    await pack({ lines: lines(8 * MiB + 100_000), noise: noise(8 * MiB + 100_000) });
    const archive = await open();
    const random = randomFrom(3);
    for (const name of ["fs/lines", "fs/noise"]) {
      const { start, end } = entrySpan(archive, archive.directory.find(pathFromText(name)));
      const inside = Array.from({ length: 6 }, () => end - 1 - random(end - start - 100));
      for (const at of [end - 1, end - 2, end - 3, end - 6, end - 7, ...inside]) {
        await replaceObject(directoryDestination(container), "a.zip", flipBit(at));
        const { faults } = await verifyArchive(await open(), { inflate: true, runner: inlineRunner });
        expect(
          faults.map(({ entry }) => entry),
          `${name} at ${at}`,
        ).toEqual([name]);
        await expect(extract(await open())).rejects.toMatchObject({ entry: name });
        rmSync(target, { recursive: true });
        mkdirSync(target);
        await replaceObject(directoryDestination(container), "a.zip", flipBit(at));
      }
    }
  });

  it("are not taken from an archive that is replaced meanwhile", async () => {
    await pack({ noise: noise(9 * MiB) });
    const archive = await open();
    writeFileSync(join(container, "a.zip"), readFileSync(join(container, "a.zip")));
    await expect(extract(archive)).rejects.toMatchObject({ kind: "SourceChanged" });
  });
});
