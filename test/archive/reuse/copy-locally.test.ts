import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { stretchBytes } from "../../../src/archive/threads/copy-job.ts";
import { SourceLost } from "../../../src/archive/reuse/source-lost.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { temporaryFolders } from "../../adapters/destination/temporary-folder.ts";
import { openStoredArchive, soundContents } from "../../support/archive-contents.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive } from "../../support/pack-archive.ts";
import { flipBit } from "../../support/replace-object.ts";
import { reuseArchive, type Reused, type ReuseSetting } from "../../support/reuse-archive.ts";
import { inlinePackRunner, inlineRunner } from "../../support/inline-runners.ts";

const path = pathFromText;
const MiB = 2 ** 20;
const folder = temporaryFolders();

const files: Readonly<Record<string, Buffer>> = {
  a: noise(400_000, 1),
  b: lines(1000),
  empty: Buffer.alloc(0),
  exact: noise(stretchBytes - 40, 2),
  large: noise(5 * MiB + 17, 3),
  z: lines(500),
};

/** Counts the jobs that copy: the way through the ports has none. */
const counting = () => {
  const count = { copies: 0 };
  const runner: NonNullable<ReuseSetting["runner"]> = {
    threads: 2,
    level: inlinePackRunner.level,
    run: async (kind: never, job: never) => {
      if (kind === "copy") count.copies++;
      return kind === "hashFiles" ? inlineRunner.run(kind, job) : inlinePackRunner.run(kind, job);
    },
  };
  return { runner, count };
};

const setUp = async () => {
  let now = 1_700_000_000_000_000_000n;
  const site = new MemorySite({ nowNs: () => (now += 60_000_000_000n) });
  for (const [name, content] of Object.entries(files)) site.writeFile(path(name), content, { mtimeNs: 5n });
  const root = folder();
  const destination = directoryDestination(root);
  const { commitId } = await packArchive({ site, destination, name: "a.zip", blockBytes: MiB });
  const previous = { name: "a.zip", commitId };
  const { runner, count } = counting();
  const reuse = (more: Partial<ReuseSetting> = {}): Promise<Reused> =>
    reuseArchive({ site, destination, previous, name: "b.zip", blockBytes: MiB, runner, ...more });
  return { site, root, destination, previous, reuse, count };
};

/** A destination with some of it replaced. */
const within = (of: Destination, by: Partial<Destination>): Destination =>
  new Proxy(of, {
    get: (_target, key) => {
      const value: unknown = Reflect.get(key in by ? by : of, key);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });

type World = Awaited<ReturnType<typeof setUp>>;

const expectAsFromScratch = async ({ site, destination }: World): Promise<void> => {
  await packArchive({ site, destination, name: "scratch.zip" });
  expect(await soundContents(destination, "b.zip")).toEqual(await soundContents(destination, "scratch.zip"));
};

const damage = async ({ root, destination }: World, name: string, at: number): Promise<void> => {
  const { directory } = await openStoredArchive(destination, "a.zip");
  const file = join(root, "a.zip");
  writeFileSync(file, flipBit(directory.offset(directory.find(path(name))) + at)(readFileSync(file)));
};

describe("from file to file, threads", () => {
  it.each([MiB, 3 * MiB + 1, 8 * MiB])(
    "copy what the ports would have copied, in blocks of %d bytes",
    async (blockBytes) => {
      const world = await setUp();
      const reused = await world.reuse({ blockBytes });
      expect(reused.plan.copied).toBe(Object.keys(files).length);
      expect(reused.damaged).toEqual([]);
      expect(world.count.copies).toBeGreaterThan(0);
      expect(readFileSync(join(world.root, "b.zip")).equals(readFileSync(join(world.root, "a.zip")))).toBe(true);
    },
  );

  it("leave out what is not there any more, and what was packed anew follows", async () => {
    const world = await setUp();
    world.site.remove(path("b"));
    world.site.remove(path("large"));
    world.site.writeFile(path("z"), lines(700));
    const reused = await world.reuse();
    expect(reused.plan.copied).toBe(Object.keys(files).length - 3);
    expect(world.count.copies).toBeGreaterThan(0);
    await expectAsFromScratch(world);
  });

  it("write every byte once: what they copied into is the archive", async () => {
    const world = await setUp();
    const staged: number[] = [];
    const { destination } = world;
    const watched: Destination = within(destination, {
      commit: async (...parameters) => {
        for (const name of readdirSync(world.root, { recursive: true, encoding: "utf8" }))
          if (name.endsWith(".blocks")) staged.push(statSync(join(world.root, name)).ino);
        return destination.commit(...parameters);
      },
    });
    await world.reuse({ destination: watched });
    expect(staged).toEqual([statSync(join(world.root, "b.zip")).ino]);
  });

  it.each([
    ["the data of a small entry", "fs/b", 90],
    ["the header of a small entry", "fs/z", 0],
    ["the last byte of a header", "fs/a", 30 + "fs/a".length + 8],
    ["the header of a large entry", "fs/large", 11],
    ["the first stretch of a large entry", "fs/large", 90],
    ["the end of a large entry", "fs/large", 5 * MiB],
  ])("find %s damaged: it is packed from the site and named", async (_what, name, at) => {
    const world = await setUp();
    await damage(world, name, at);
    const reused = await world.reuse();
    expect(reused.damaged).toEqual([name.slice(3)]);
    await expectAsFromScratch(world);
  });

  it.each([
    ["replaced", (file: string) => writeFileSync(file, readFileSync(file))],
    ["removed", (file: string) => rmSync(file)],
    ["cut short", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 1000))],
  ])("do not copy from an archive that was %s meanwhile", async (_what, change) => {
    const world = await setUp();
    const lost = world.reuse({ whenPlanned: () => change(join(world.root, "a.zip")) });
    await expect(lost).rejects.toThrow(SourceLost);
    await world.destination.abandonRun("run-2");
  });

  it("tell why a block could not be written", async () => {
    const world = await setUp();
    const { local } = world.destination;
    if (local === undefined) throw new Error("A directory has files of this machine.");
    const inFolder = within(world.destination, {
      local: {
        ...local,
        stage: (upload, block, length, write) =>
          local.stage(upload, block, length, (room) => write({ ...room, path: world.root })),
      },
    });
    await expect(world.reuse({ destination: inFolder })).rejects.toMatchObject({
      name: "StoreFailure",
      message: expect.stringContaining("EISDIR") as string,
    });
    await world.destination.abandonRun("run-2");
  });
});
