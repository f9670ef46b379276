import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { memoryDestination } from "../../support/memory-destination.ts";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { readEntry } from "../../../src/archive/read/read-entry.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { asNobody } from "../../support/as-nobody.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive, readWhole, type PackOptions } from "../../support/pack-archive.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const MiB = 2 ** 20;
let work: string;
let home: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "lifeboat-pack-"));
  home = join(work, "home");
  mkdirSync(join(home, "dir"), { recursive: true });
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const pack = async (options: Partial<PackOptions> & { readonly destination?: Destination } = {}) => {
  const site = new LocalDirectory([{ at: pathFromText(""), directory: home }]);
  const destination = options.destination ?? memoryDestination();
  const sealed = await packArchive({ site, destination, blockBytes: MiB, ...options });
  const archive = await openArchive(memorySource("a.zip", await readWhole(destination)));
  const report = await verifyArchive(archive, { inflate: true, commitId: sealed.commitId, runner: inlineRunner });
  expect(report.faults).toEqual([]);
  const content = async (name: string): Promise<string> => {
    const place = archive.directory.find(pathFromText(name));
    if (place < 0) throw new Error(`${name} is not in the archive.`);
    const parts: Uint8Array[] = [];
    for await (const part of readEntry(archive, place)) parts.push(part);
    return Buffer.concat(parts).toString("latin1");
  };
  return { sealed, archive, content };
};

describe("files of this machine", () => {
  it("are read by the threads, also very many in one folder and large ones", async () => {
    for (let file = 0; file < 1500; file++) writeFileSync(join(home, "dir", `f${file}`), `content ${file}`);
    writeFileSync(join(home, "large"), noise(20 * MiB));
    const { sealed, content } = await pack();
    expect(sealed).toMatchObject({ entries: 1502, leftOut: [], changed: [] });
    expect(await content("fs/dir/f777")).toBe("content 777");
    expect(Buffer.from(await content("fs/large"), "latin1").equals(noise(20 * MiB))).toBe(true);
  });

  it("are packed as they are now when they changed since the listing", async () => {
    writeFileSync(join(home, "dir/replaced"), "old");
    writeFileSync(join(home, "dir/appended"), "old");
    writeFileSync(join(home, "dir/gone"), "old");
    writeFileSync(join(home, "dir/same-size-and-time"), "old");
    utimesSync(join(home, "dir/same-size-and-time"), 1e9, 1e9);
    const whenListed = (): void => {
      writeFileSync(join(work, "new"), "replaced!");
      renameSync(join(work, "new"), join(home, "dir/replaced"));
      appendFileSync(join(home, "dir/appended"), " and new");
      rmSync(join(home, "dir/gone"));
      writeFileSync(join(home, "dir/same-size-and-time"), "NEW");
      utimesSync(join(home, "dir/same-size-and-time"), 1e9, 1e9);
    };
    const { sealed, content } = await pack({ whenListed });
    expect(await content("fs/dir/replaced")).toBe("replaced!");
    expect(await content("fs/dir/appended")).toBe("old and new");
    expect(await content("fs/dir/same-size-and-time")).toBe("NEW");
    expect(sealed.leftOut).toEqual([
      { path: pathFromText("dir/gone"), reason: expect.stringContaining("vanished") as string },
    ]);
    expect(sealed.changed).toEqual([]);
  });

  it("are never read through a link that took the place of a folder or of the file itself", async () => {
    const outside = join(work, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "passwd"), "root:secret");
    writeFileSync(join(outside, "large"), noise(9 * MiB));
    writeFileSync(join(home, "dir/passwd"), "mine");
    writeFileSync(join(home, "dir/large"), noise(9 * MiB));
    writeFileSync(join(home, "plain"), "mine");
    const whenListed = (): void => {
      renameSync(join(home, "dir"), join(work, "moved"));
      symlinkSync(outside, join(home, "dir"));
      rmSync(join(home, "plain"));
      symlinkSync(join(outside, "passwd"), join(home, "plain"));
    };
    const { sealed } = await pack({ whenListed });
    expect(sealed.leftOut.map(({ path }) => path).toSorted()).toEqual(["dir/large", "dir/passwd", "plain"]);
  });

  it("come in byte for byte the same into a directory destination, large files included", async () => {
    writeFileSync(join(home, "a"), lines(1000));
    writeFileSync(join(home, "m"), noise(40 * MiB));
    writeFileSync(join(home, "z"), lines(1000));
    utimesSync(join(home, "m"), 1e9, 1e9);
    const inMemory = memoryDestination();
    const onDisk = directoryDestination(join(work, "backups"), { isMade: true });
    const first = await pack({ destination: inMemory });
    const second = await pack({ destination: onDisk });
    expect(second.sealed.commitId).toBe(first.sealed.commitId);
    expect((await readWhole(onDisk)).equals(await readWhole(inMemory))).toBe(true);
  });

  it("are left out with the reason when they may not be read", async () => {
    writeFileSync(join(home, "secret"), "x", { mode: 0 });
    chmodSync(work, 0o755);
    const { sealed } = await asNobody(pack);
    expect(sealed.leftOut).toEqual([
      { path: pathFromText("secret"), reason: expect.stringContaining("EACCES") as string },
    ]);
  });

  it.runIf(process.platform === "linux")("are left out when they became a pipe", async () => {
    writeFileSync(join(home, "file"), "x");
    const whenListed = (): void => {
      rmSync(join(home, "file"));
      execFileSync("mkfifo", [join(home, "file")]);
    };
    const { sealed } = await pack({ whenListed });
    expect(sealed.leftOut).toHaveLength(1);
  });
});
