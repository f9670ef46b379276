import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { realDisk, type Disk } from "../../../src/adapters/destination/disk.ts";
import type { BlockId, Destination } from "../../../src/ports/destination.ts";
import { blockId, namesOf, noise, readAll, stageAll, store } from "./blocks.ts";
import { always, diskError, faultyDisk, type Fault, type FaultyDisk } from "./faulty-disk.ts";
import { describeWith } from "../../support/needs.ts";
import { temporaryFolders } from "./temporary-folder.ts";

const folder = temporaryFolders();
const disks: FaultyDisk[] = [];
afterEach(async () => {
  await Promise.all(disks.splice(0).map((disk) => disk.closeAll()));
});

/** A destination whose files are closed after the test, as the system does when a process ends. */
const open = (root: string, fault: Fault = () => ({}), isMade = false): Destination => {
  const disk = faultyDisk(fault);
  disks.push(disk);
  return directoryDestination(root, { disk: disk.disk, isMade });
};

const upload = { name: "night.zip", run: "run-1" };
const pieces = ["a", "b", "c", "d"].map((seed, at) => noise(3000 + at, seed));

/** Files with this ending in the container's work folder. */
const workFiles = (root: string, ending: string): string[] => {
  const uploads = join(root, ".lifeboat", "uploads");
  if (!existsSync(uploads)) return [];
  return readdirSync(uploads, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(uploads, path));
};

const only = (paths: readonly string[]): string => {
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) throw new Error(`One file was expected: ${paths.join(", ")}`);
  return path;
};

describe("a directory destination writes nothing twice", () => {
  it("hands over the file the blocks were appended to", async () => {
    const root = folder();
    const destination = open(root);
    const ids = await stageAll(destination, upload, pieces);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.commit(upload, ids, {});
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
    expect(readFileSync(join(root, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("keeps the order of calls that are made at the same time, repetitions among them", async () => {
    const root = folder();
    const destination = open(root);
    const many = Array.from({ length: 40 }, (_, at) => noise(1000 + at, `${at}`));
    const ids = many.map((bytes, at) => blockId(at, bytes));
    const stage = async (at: number): Promise<void> =>
      destination.stage(upload, ids[at] ?? blockId(0, Buffer.alloc(0)), many[at] ?? Buffer.alloc(0));
    await Promise.all([0, 1, 0, ...many.keys(), 7].map(stage));
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.commit(upload, ids, {});
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
    expect(readFileSync(join(root, "night.zip")).equals(Buffer.concat(many))).toBe(true);
  });

  it("cuts off what was staged behind the last block, without copying", async () => {
    const root = folder();
    const destination = open(root);
    const ids = await stageAll(destination, upload, pieces);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.commit(upload, ids.slice(0, 2), {});
    expect(statSync(join(root, "night.zip"))).toMatchObject({ ino, size: 6001 });
  });

  it("puts what came late into the gap that was left for it", async () => {
    const root = folder();
    const destination = open(root);
    const ids = pieces.map((bytes, at) => blockId(at, bytes));
    const lateOnes = [0, 2];
    const stageAt = async (at: number): Promise<void> =>
      destination.stage(upload, ids[at] ?? blockId(99, Buffer.alloc(1)), pieces[at] ?? Buffer.alloc(1));
    for (const at of pieces.keys()) {
      const gap = Buffer.alloc(pieces[at]?.length ?? 0);
      if (lateOnes.includes(at)) await destination.stage(upload, blockId(50 + at, gap), gap);
      else await stageAt(at);
    }
    for (const at of lateOnes) await stageAt(at);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.settle(upload);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
  });

  it("goes on where a failed block left off", async () => {
    const root = folder();
    let writes = 0;
    const destination = open(root, ({ name }) =>
      name === "handle.write" && ++writes === 3 ? { before: diskError("EIO") } : {},
    );
    const ids = pieces.map((bytes, at) => blockId(at, bytes));
    const failed: number[] = [];
    for (const [at, bytes] of pieces.entries()) {
      const stage = async (): Promise<void> => destination.stage(upload, ids[at] ?? blockId(0, bytes), bytes);
      await stage().catch(async () => {
        failed.push(at);
        await stage();
      });
    }
    expect(failed).toEqual([1]);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.commit(upload, ids, {});
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
    expect(readFileSync(join(root, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });
});

describe("blocks that somebody else writes into their room", () => {
  /** Writes them from the last to the first, each into the room it was given. */
  const writeAll = async (destination: Destination, crcOf = (bytes: Buffer) => crc32(bytes)): Promise<BlockId[]> => {
    const { local } = destination;
    if (local === undefined) throw new Error("A directory has files of this machine.");
    const ids = pieces.map((bytes, at) => blockId(at, bytes));
    const releases: (() => void)[] = [];
    await Promise.all(
      pieces.map(async (bytes, at) => {
        const turn = new Promise<void>((resolve) => releases.push(resolve));
        await local.stage(upload, ids[at] ?? blockId(99, bytes), bytes.length, async ({ path, offset }) => {
          if (at < pieces.length - 1) await turn;
          const file = openSync(path, "r+");
          writeSync(file, bytes, 0, bytes.length, offset);
          closeSync(file);
          releases[at - 1]?.();
          return crcOf(bytes);
        });
      }),
    );
    return ids;
  };

  it("lie in the order of the calls, and are committed without being copied", async () => {
    const root = folder();
    const destination = open(root);
    const ids = await writeAll(destination);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.settle(upload);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
  });

  it("are believed by another process only where their checksum is what was told", async () => {
    const [root, other] = [folder(), folder()];
    const next = open(root);
    await next.commit(upload, await writeAll(open(root)), {});
    expect((await readAll(next, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    const ids = await writeAll(open(other), (bytes) => crc32(bytes) ^ 1);
    await expect(open(other).commit(upload, ids, {})).rejects.toMatchObject({ kind: "BlockMissing" });
  });

  it("are not staged when writing them fails, and leave no hole", async () => {
    const root = folder();
    const destination = open(root);
    const fails = destination.local?.stage(upload, blockId(9, Buffer.from("x")), 500, async () => {
      throw diskError("ENOSPC");
    });
    await expect(fails).rejects.toMatchObject({ kind: "Full" });
    const ids = await writeAll(destination);
    const { ino } = statSync(only(workFiles(root, ".blocks")));
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    expect(statSync(join(root, "night.zip")).ino).toBe(ino);
  });

  it("come from an object only while it is what its etag says", async () => {
    const root = folder();
    const destination = open(root);
    const object = await store(destination, "sites/a.zip", [Buffer.from("content")]);
    const { etag } = object;
    const { ino, mtimeNs } = statSync(join(root, "sites/a.zip"), { bigint: true });
    const file = { path: join(root, "sites/a.zip"), inode: ino, sizeBytes: 7, mtimeNs };
    expect(await destination.local?.find("sites/a.zip", etag)).toEqual(file);
    writeFileSync(join(root, "sites/a.zip"), "changed");
    expect(await destination.local?.find("sites/a.zip", etag)).toBeUndefined();
    expect(await destination.local?.find("sites/none.zip", etag)).toBeUndefined();
  });
});

describe("a directory destination after a power cut", () => {
  const lost: readonly (readonly [string, (root: string) => void])[] = [
    ["blanked the end of the data", (root) => blank(only(workFiles(root, ".blocks")), 6500)],
    ["shortened the data", (root) => truncateSync(only(workFiles(root, ".blocks")), 6500)],
    ["tore the journal", (root) => truncateSync(only(workFiles(root, ".journal")), 120)],
    ["blanked the journal", (root) => blank(only(workFiles(root, ".journal")), 60)],
    ["lost the data file", (root) => rmSync(only(workFiles(root, ".blocks")))],
    ["lost everything", (root) => rmSync(join(root, ".lifeboat"), { recursive: true })],
  ];
  const blank = (path: string, from: number): void => {
    const bytes = readFileSync(path);
    bytes.fill(0, from);
    writeFileSync(path, bytes);
  };

  it.each(lost)("that %s misses blocks instead of making them up", async (_, loseSome) => {
    const root = folder();
    const ids = await stageAll(open(root), upload, pieces);
    loseSome(root);
    const next = open(root);
    await expect(next.commit(upload, ids, {})).rejects.toMatchObject({ kind: "BlockMissing" });
    expect(await namesOf(next.list(""))).toEqual([]);
    await next.commit(upload, await stageAll(next, upload, pieces), {});
    expect((await readAll(next, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    expect(workFiles(root, "")).toEqual([]);
  });

  it("takes a block that is whole in one file though it is damaged in another", async () => {
    const root = folder();
    const ids = await stageAll(open(root), upload, pieces);
    const first = only(workFiles(root, ".blocks"));
    await stageAll(open(root), upload, pieces);
    blank(first, 0);
    const next = open(root);
    await next.commit(upload, ids, {});
    expect((await readAll(next, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });

  it.each(["settle", "commit"] as const)(
    "no longer counts on blocks which it failed to send to the disk meanwhile: %s tells",
    async (method) => {
      let failures = 1;
      const root = folder();
      const { disk, closeAll } = faultyDisk(({ name }) =>
        name === "handle.datasync" && failures-- > 0 ? { before: diskError("EIO") } : {},
      );
      const destination = directoryDestination(root, { disk, flushBytes: 4_000 });
      const ids = await stageAll(destination, upload, pieces);
      const told = method === "settle" ? destination.settle(upload) : destination.commit(upload, ids, {});
      await expect(told).rejects.toMatchObject({ kind: "Unavailable" });
      await expect(destination.commit(upload, ids, {})).rejects.toMatchObject({ kind: "BlockMissing" });
      await stageAll(destination, upload, pieces);
      await destination.settle(upload);
      await destination.commit(upload, ids, {});
      expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
      await closeAll();
    },
  );

  it("no longer counts on blocks whose sync failed", async () => {
    let failures = 1;
    const destination = open(folder(), ({ name }) =>
      name === "handle.datasync" && failures-- > 0 ? { before: diskError("EIO") } : {},
    );
    const ids = pieces.map((bytes, at) => blockId(at, bytes));
    await stageAll(destination, upload, pieces);
    await expect(destination.settle(upload)).rejects.toMatchObject({ kind: "Unavailable" });
    await expect(destination.commit(upload, ids, {})).rejects.toMatchObject({ kind: "BlockMissing" });
    await stageAll(destination, upload, pieces);
    await destination.settle(upload);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });
});

describe("a directory destination and those who are late", () => {
  it("adds nothing to an object that is visible", async () => {
    const root = folder();
    const destination = open(root);
    const ids = await stageAll(destination, upload, pieces);
    const committing = destination.commit(upload, ids, {});
    const late = Promise.all(
      ["late", "later"].map((seed) => destination.stage(upload, blockId(9, noise(500, seed)), noise(500, seed))),
    );
    await committing;
    await late;
    await stageAll(destination, upload, [...pieces, noise(700, "last")]);
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    await destination.abandon(upload);
    expect(workFiles(root, "")).toEqual([]);
  });

  it("lets one of two commits of the same upload win", async () => {
    const destination = open(folder());
    const ids = await stageAll(destination, upload, pieces);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(async () => destination.commit(upload, ids, { commitid: "a" })),
    );
    expect(
      outcomes.map((outcome) => (outcome.status === "rejected" ? String(outcome.reason) : "won")).toSorted(),
    ).toEqual([expect.stringContaining("night.zip exists"), expect.stringContaining("night.zip exists"), "won"]);
    const won = outcomes.find((outcome) => outcome.status === "fulfilled");
    expect(await destination.head("night.zip")).toEqual(won?.value);
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("begins anew when blocks are staged while they are forgotten", async () => {
    const root = folder();
    const destination = open(root);
    await stageAll(destination, upload, pieces);
    const forgotten = destination.abandon(upload);
    const ids = await stageAll(destination, upload, pieces.slice(0, 2));
    await forgotten;
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces.slice(0, 2)))).toBe(true);
    expect(workFiles(root, "")).toEqual([]);
  });
});

describe("a directory destination's files", () => {
  it("are for their owner alone, and so is the work folder", async () => {
    const root = folder();
    await store(open(root), "a/night.zip", pieces, { commitid: "x" });
    expect(statSync(join(root, "a/night.zip")).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, ".lifeboat")).mode & 0o777).toBe(0o700);
  });

  it("can be carried away and back; a copy that keeps its time keeps its metadata", async () => {
    const root = folder();
    const destination = open(root);
    await store(destination, "night.zip", pieces, { commitid: "mine" });
    const away = join(folder(), "night.zip");
    cpSync(join(root, "night.zip"), away, { preserveTimestamps: true });
    rmSync(join(root, "night.zip"));
    expect(await destination.head("night.zip")).toBeUndefined();
    cpSync(away, join(root, "night.zip"));
    utimesSync(join(root, "night.zip"), 1, 1);
    expect(await destination.head("night.zip")).toMatchObject({ sizeBytes: 12_006, metadata: {} });
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
    const other = await store(destination, "moved.zip", pieces, { commitid: "kept" });
    renameSync(join(root, "moved.zip"), away);
    renameSync(away, join(root, "moved.zip"));
    expect(await destination.head("moved.zip")).toEqual(other);
  });

  it("of other programs are seen, but no links, folders and names that cannot be", async () => {
    const root = folder();
    writeFileSync(join(root, "foreign.zip"), "theirs");
    mkdirSync(join(root, "folder"));
    symlinkSync("foreign.zip", join(root, "link.zip"));
    symlinkSync("folder", join(root, "linked-folder"));
    writeFileSync(join(root, "folder", "inside.zip"), "inside");
    writeFileSync(join(root, "back\\slash.zip"), "odd");
    writeFileSync(Buffer.concat([Buffer.from(`${root}/latin1-`), Buffer.from([0xe9]), Buffer.from(".zip")]), "odd");
    const destination = open(root);
    expect(await namesOf(destination.list(""))).toEqual(["folder/inside.zip", "foreign.zip"]);
    expect(await destination.head("link.zip")).toBeUndefined();
    expect(await destination.head("linked-folder/inside.zip")).toBeUndefined();
    expect(await namesOf(destination.list("linked-folder/"))).toEqual([]);
    expect(await destination.remove("link.zip")).toBe(false);
    expect(await destination.remove("linked-folder/inside.zip")).toBe(false);
    await expect(store(destination, "link.zip", pieces)).rejects.toMatchObject({ kind: "AlreadyExists" });
    expect(readFileSync(join(root, "foreign.zip"), "utf8")).toBe("theirs");
  });

  it("are never written through a link", async () => {
    const [root, outside] = [folder(), folder()];
    symlinkSync(outside, join(root, "out"));
    mkdirSync(join(root, "in"));
    symlinkSync(outside, join(root, "in", "out"));
    const destination = open(root);
    for (const name of ["out/night.zip", "out/deeper/night.zip", "in/out/night.zip"])
      await expect(store(destination, name, pieces)).rejects.toMatchObject({ kind: "Invalid" });
    expect(readdirSync(outside)).toEqual([]);
  });

  it("never replace one another where the file system has no hard links", async () => {
    const root = folder();
    const destination = open(root, always("link", "EPERM"));
    const stored = await store(destination, "a/night.zip", pieces, { commitid: "first" });
    expect(await destination.head("a/night.zip")).toEqual(stored);
    await expect(store(destination, "a/night.zip", [Buffer.from("second")])).rejects.toMatchObject({
      kind: "AlreadyExists",
    });
    expect((await readAll(destination, "a/night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("cannot have a folder's name, nor lie below a file", async () => {
    const destination = open(folder());
    await store(destination, "a/b.zip", pieces);
    await expect(store(destination, "a", pieces)).rejects.toMatchObject({ kind: "AlreadyExists" });
    await expect(store(destination, "a/b.zip/c.zip", pieces)).rejects.toMatchObject({ kind: "Invalid" });
    await expect(store(destination, `${"n".repeat(300)}.zip`, pieces)).rejects.toMatchObject({ kind: "Invalid" });
  });
});

describe("a directory destination's folder", () => {
  it("that is missing is reported, not made, unless asked for", async () => {
    const root = join(folder(), "not", "mounted");
    const destination = open(root);
    await expect(store(destination, "night.zip", pieces)).rejects.toMatchObject({ kind: "NotFound" });
    await expect(namesOf(destination.list(""))).rejects.toMatchObject({ kind: "NotFound" });
    expect(existsSync(root)).toBe(false);
  });

  it("that may be made is an empty container until then", async () => {
    const root = join(folder(), "new", "folder");
    const destination = open(root, undefined, true);
    expect(await namesOf(destination.list(""))).toEqual([]);
    expect(await destination.head("night.zip")).toBeUndefined();
    expect(existsSync(root)).toBe(false);
    await store(destination, "night.zip", pieces);
    expect(await namesOf(destination.list(""))).toEqual(["night.zip"]);
  });

  it("that is missing says so in the failure of every reading method", async () => {
    const destination = open(join(folder(), "gone"));
    await expect(destination.read("night.zip", { offset: 0, length: 1 })).rejects.toMatchObject({ kind: "NotFound" });
    await expect(destination.head("night.zip")).rejects.toMatchObject({ kind: "NotFound" });
    await expect(destination.remove("night.zip")).rejects.toMatchObject({ kind: "NotFound" });
  });
});

describeWith("Linux", process.platform === "linux", "a directory destination where the system makes no folder", () => {
  it("says so, and does not wait for it", async () => {
    const bytes = noise(10, "a");
    const staging = open("/proc/lifeboat/backups", undefined, true).stage(upload, blockId(0, bytes), bytes);
    await expect(staging).rejects.toMatchObject({ kind: "Unavailable" });
  });
});

describe("a folder that the first write makes", () => {
  /** Every folder made and every folder sent to the disk, in their order. */
  const noting = (): { readonly disk: Disk; readonly done: string[] } => {
    const done: string[] = [];
    const disk: Disk = {
      ...realDisk,
      mkdir: new Proxy(realDisk.mkdir, {
        apply: async (target, self, args: Parameters<typeof realDisk.mkdir>) => {
          const made: unknown = await Reflect.apply(target, self, args);
          done.push(`make ${String(args[0])}`);
          return made;
        },
      }),
      open: async (path, ...rest) => {
        const handle = await realDisk.open(path, ...rest);
        if (!(await handle.stat()).isDirectory()) return handle;
        return new Proxy(handle, {
          get: (target, key) => {
            if (key === "sync") done.push(`sync ${String(path)}`);
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    };
    return { disk, done };
  };
  const backUpTo = async (root: string): Promise<readonly string[]> => {
    const { disk, done } = noting();
    const destination = directoryDestination(root, { disk, isMade: true });
    const bytes = noise(3000, "n");
    await destination.stage(upload, blockId(0, bytes), bytes);
    await destination.settle(upload);
    await destination.commit(upload, [blockId(0, bytes)], {});
    return done;
  };

  it("survives a power cut once the backup in it is done, and so does every folder above that was made for it", async () => {
    const below = folder();
    const done = await backUpTo(join(below, "made", "for", "it"));
    for (const [above, made] of [
      [below, join(below, "made")],
      [join(below, "made"), join(below, "made", "for")],
      [join(below, "made", "for"), join(below, "made", "for", "it")],
    ]) {
      expect(done.filter((one) => one === `make ${made}`)).toHaveLength(1);
      expect(done.indexOf(`sync ${above}`), above).toBeGreaterThan(done.indexOf(`make ${made}`));
    }
  });

  it("survives it too where whoever made the last one died before it was on the disk", async () => {
    const below = folder();
    mkdirSync(join(below, "made"));
    expect(await backUpTo(join(below, "made", "it"))).toContain(`sync ${below}`);
    mkdirSync(join(below, "whole"));
    expect(await backUpTo(join(below, "whole"))).toContain(`sync ${below}`);
  });
});
