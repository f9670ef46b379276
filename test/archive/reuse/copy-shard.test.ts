import { describe, expect, it } from "vitest";
import { azureLimits, memoryDestination, type MemoryOptions } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { decodeCopyShard, encodeCopyShard } from "../../../src/archive/reuse/copy-shard-encoding.ts";
import { copyShard } from "../../../src/archive/reuse/copy-shard.ts";
import { copyLengthFrom, copyShards, firstCopyNumber, type CopyShard } from "../../../src/archive/reuse/copy-shards.ts";
import { localHeaderLength } from "../../../src/archive/records/local-header.ts";
import { planReuse } from "../../../src/archive/reuse/reuse-plan.ts";
import { openPrevious, type PreviousArchive } from "../../../src/archive/reuse/reuse-source.ts";
import { encodeShardIndex } from "../../../src/archive/shards/shard-index-encoding.ts";
import { SourceLost } from "../../../src/archive/reuse/source-lost.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { openStoredArchive, soundContents } from "../../support/archive-contents.ts";
import { lines, noise } from "../../support/contents.ts";
import { listSite, packArchive } from "../../support/pack-archive.ts";
import { flipBit, replaceObject } from "../../support/replace-object.ts";
import { reuseArchive, type Reused, type ReuseSetting } from "../../support/reuse-archive.ts";
import { inlinePackRunner, inlineRunner } from "../../support/inline-runners.ts";

const path = pathFromText;
const KiB = 2 ** 10;
const MiB = 2 ** 20;
const never = { run: 1, every: 1_000_003 };
const always = { run: 0, every: 1 };

/** A site that was written a minute before each time it is looked at. */
const siteOf = (files: Readonly<Record<string, Buffer>>): MemorySite => {
  let now = 1_700_000_000_000_000_000n;
  const site = new MemorySite({ nowNs: () => (now += 60_000_000_000n) });
  for (const [name, content] of Object.entries(files)) site.writeFile(path(name), content, { mtimeNs: 5n });
  return site;
};

/** Counts what a destination is asked to do. */
const counted = (options: MemoryOptions = {}) => {
  const calls = { stage: 0, stageCopy: 0, read: 0 };
  const destination = memoryDestination({
    ...options,
    before: async (operation) => {
      const { method } = operation;
      if (method === "stage" || method === "stageCopy" || method === "read") calls[method]++;
      await options.before?.(operation);
    },
  });
  return { destination, calls };
};

const previousName = "a.zip";

const setUp = async (files: Readonly<Record<string, Buffer>>, destination: Destination = memoryDestination()) => {
  const site = siteOf(files);
  const { commitId } = await packArchive({ site, destination, name: previousName, blockBytes: MiB });
  const previous = { name: previousName, commitId };
  const reuse = (more: Partial<ReuseSetting> = {}): Promise<Reused> =>
    reuseArchive({ site, destination, previous, name: "b.zip", blockBytes: MiB, ...more });
  return { site, destination, previous, reuse };
};

const offsetOf = async (destination: Destination, name: string): Promise<number> => {
  const { directory } = await openStoredArchive(destination, previousName);
  return directory.offset(directory.find(path(name)));
};

/** The new archive is sound, and has what one packed from scratch has. */
const expectAsFromScratch = async (site: MemorySite, destination: Destination): Promise<void> => {
  await packArchive({ site, destination, name: "scratch.zip" });
  expect(await soundContents(destination, "b.zip")).toEqual(await soundContents(destination, "scratch.zip"));
};

const big = { a: noise(400 * KiB, 1), b: noise(400 * KiB, 2), c: noise(400 * KiB, 3), d: lines(1000) };

describe("copying", () => {
  it("is left to the destination for long runs, and not a byte of them is read or staged again", async () => {
    const { destination, calls } = counted();
    const { site, reuse } = await setUp(big, destination);
    Object.assign(calls, { stage: 0, read: 0 });
    const reused = await reuse();
    expect(reused.plan.copied).toBe(4);
    // All that is read are end record and directory, by two steps; all that is staged is the new directory.
    expect(calls).toMatchObject({ stageCopy: 1, stage: 1 });
    expect(calls.read).toBeLessThanOrEqual(6);
    await expectAsFromScratch(site, destination);
  });

  it("cuts long runs at what the destination takes at once", async () => {
    const { destination, calls } = counted({ limits: { ...azureLimits, maxBlockBytes: 500 * KiB } });
    const { site, reuse } = await setUp(big, destination);
    await reuse();
    expect(calls.stageCopy).toBe(3);
    await expectAsFromScratch(site, destination);
  });

  it("is for runs that are worth a request, and for the longest only where there would be too many", async () => {
    const { destination } = await setUp(big);
    const { directory, byOffset } = await openStoredArchive(destination, previousName);
    const entryBytes = localHeaderLength(directory.at(0)) + directory.storedBytes(0);
    const apart = byOffset.filter((_, rank) => rank % 2 === 0);
    expect(copyLengthFrom({ directory }, byOffset)).toBe(256 * KiB);
    expect(copyLengthFrom({ directory }, byOffset, { runs: 0, copies: 1 })).toBeGreaterThan(3 * entryBytes);
    expect(copyLengthFrom({ directory }, apart, { runs: 2, copies: 2 })).toBe(256 * KiB);
    expect(copyLengthFrom({ directory }, apart, { runs: 1, copies: 2 })).toBe(entryBytes + 1);
    expect(copyLengthFrom({ directory }, apart, { runs: 2, copies: 1 })).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("reads short runs together, with the gaps between them", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, number) => [`f${number + 10}`, noise(20_000, number + 1)]),
    );
    const { destination, calls } = counted();
    const { site, reuse } = await setUp(files, destination);
    for (let number = 10; number < 50; number += 2) site.writeFile(path(`f${number}`), lines(10));
    Object.assign(calls, { read: 0 });
    const reused = await reuse();
    expect(reused.plan.copied).toBe(20);
    expect(calls.stageCopy).toBe(0);
    expect(calls.read).toBeLessThanOrEqual(7);
    await expectAsFromScratch(site, destination);
  });

  it("goes through us, with every checksum compared, where blocks are appended to one file", async () => {
    const { destination, calls } = counted({ limits: { ...azureLimits, appends: true } });
    const { site, reuse } = await setUp({ ...big, large: noise(5 * MiB) }, destination);
    expect((await reuse()).plan.copied).toBe(5);
    expect(calls.stageCopy).toBe(0);
    await expectAsFromScratch(site, destination);
  });

  it("goes through us where the previous archive lies in another container", async () => {
    const { site, destination: previousIn, previous } = await setUp(big);
    const { destination, calls } = counted();
    const reused = await reuseArchive({ site, destination, previousIn, previous, name: "b.zip", blockBytes: MiB });
    expect(reused.plan.copied).toBe(4);
    expect(calls.stageCopy).toBe(0);
    await expectAsFromScratch(site, destination);
  });

  it("gives the rows that the site has today", async () => {
    const { site, destination, reuse } = await setUp(big);
    site.writeFile(path("a"), big.a, { mtimeNs: 999n, mode: 0o755, uid: 33, owner: "www-data" });
    expect((await reuse()).plan.copied).toBe(4);
    const { directory } = await openStoredArchive(destination, "b.zip");
    expect(directory.at(directory.find(path("fs/a")))).toMatchObject({ mode: 0o755, uid: 33, mtimeNs: 999n });
    expect(directory.owners.users.get(33)).toBe("www-data");
    await expectAsFromScratch(site, destination);
  });

  it.each([1n, 400_000_000n, 1_000_000_000n, 2_000_000_000n, 3_600_000_000_000n, -1_000_000_000n])(
    "is done only where the headers, which are copied too, are still right (a time %d ns later)",
    async (later) => {
      const { site, destination, reuse } = await setUp(big);
      site.writeFile(path("a"), big.a, { mtimeNs: 1_600_000_000_000_000_005n });
      const { commitId } = await packArchive({ site, destination, name: "base.zip" });
      site.writeFile(path("a"), big.a, { mtimeNs: 1_600_000_000_000_000_005n + later });
      const reused = await reuse({ previous: { name: "base.zip", commitId } });
      expect(reused.plan.copied).toBeGreaterThanOrEqual(3);
      await expectAsFromScratch(site, destination);
    },
  );

  it("can be done in many shards, some of them large files of their own", async () => {
    const files = { ...big, e: noise(5 * MiB, 5), f: lines(2000), g: noise(300 * KiB, 6) };
    for (const appends of [false, true]) {
      const { site, destination, reuse } = await setUp(
        files,
        memoryDestination({ limits: { ...azureLimits, appends } }),
      );
      site.writeFile(path("b"), lines(100));
      const reused = await reuse({ copyLimits: { sizeBytes: 500 * KiB, entries: 2 } });
      expect(reused.plan.copied).toBe(6);
      await expectAsFromScratch(site, destination);
    }
  });

  it("can be done again from the archive that it made", async () => {
    const { site, destination, previous } = await setUp(big);
    let last = previous;
    for (const name of ["1.zip", "2.zip", "b.zip"]) {
      site.writeFile(path(`new in ${name}`), lines(100_000));
      const { commitId, plan } = await reuseArchive({ site, destination, previous: last, name, blockBytes: MiB });
      expect(plan.copied).toBeGreaterThanOrEqual(4);
      last = { name, commitId };
    }
    await expectAsFromScratch(site, destination);
  });
});

describe("what the previous archive holds damaged", () => {
  const files = { ...big, held: noise(3 * MiB + 5, 4), large: noise(5 * MiB, 5), z: lines(500) };

  it.each([
    ["the data of a small entry", "fs/b", 5_000],
    ["the header of a small entry", "fs/d", 0],
    ["a larger entry that is held until its end", "fs/held", 2 * MiB],
    ["an entry of which blocks are staged by then", "fs/large", 4 * MiB],
    ["the header of such an entry", "fs/large", 11],
  ])("is packed from the site and named: %s", async (_what, name, at) => {
    const destination = memoryDestination({ limits: { ...azureLimits, appends: true } });
    const { site, reuse } = await setUp(files, destination);
    await replaceObject(destination, previousName, flipBit((await offsetOf(destination, name)) + at));
    const reused = await reuse();
    expect(reused.damaged).toEqual([name.slice(3)]);
    await expectAsFromScratch(site, destination);
  });

  it("is found in what the destination copies by itself when it is looked at again", async () => {
    for (const name of ["fs/b", "fs/large", "fs/z"]) {
      const { site, destination, reuse } = await setUp(files);
      await replaceObject(destination, previousName, flipBit((await offsetOf(destination, name)) + 30));
      const reused = await reuse({ reread: always });
      expect(reused.damaged).toEqual([name.slice(3)]);
      await expectAsFromScratch(site, destination);
    }
  });

  it("is found within N runs, as each looks at other parts", async () => {
    const { site, destination, previous } = await setUp({ ...files, more: noise(5 * MiB, 6), most: noise(5 * MiB, 7) });
    await replaceObject(destination, previousName, flipBit((await offsetOf(destination, "fs/more")) + 30));
    const found: BytePath[] = [];
    for (let run = 0; run < 5; run++) {
      const reread = { run, every: 5 };
      const reused = await reuseArchive({
        site,
        destination,
        previous,
        name: `run-${run}.zip`,
        blockBytes: MiB,
        reread,
      });
      found.push(...reused.damaged);
    }
    expect(found).toEqual(["more"]);
  });

  it("is left out with its reason when the site does not have it any more", async () => {
    const destination = memoryDestination({ limits: { ...azureLimits, appends: true } });
    const { site, reuse } = await setUp(files, destination);
    await replaceObject(destination, previousName, flipBit((await offsetOf(destination, "fs/b")) + 500));
    const reused = await reuse({ whenPlanned: () => site.remove(path("b")) });
    expect(reused.leftOut).toEqual([{ path: "b", reason: expect.stringContaining("vanished") as string }]);
    expect(reused.damaged).toEqual(["b"]);
  });
});

describe("a previous archive that vanishes or changes", () => {
  it.each([
    ["vanished", (destination: Destination) => destination.remove(previousName)],
    ["was written anew", (destination: Destination) => replaceObject(destination, previousName, (bytes) => bytes)],
  ])("is lost when it %s before it is copied from", async (_what, change) => {
    const { destination, reuse } = await setUp(big);
    const lost = reuse({ whenPlanned: async () => void (await change(destination)) });
    await expect(lost).rejects.toThrow(SourceLost);
    expect(await destination.head("b.zip")).toBeUndefined();
  });

  it.each([
    ["removed", "stageCopy", false],
    ["overwritten", "stageCopy", false],
    ["removed", "read", true],
    ["overwritten", "read", true],
  ])("is lost when it is %s in the middle (%s)", async (what, method, appends) => {
    let countdown = Number.POSITIVE_INFINITY;
    const destination: Destination = memoryDestination({
      limits: { ...azureLimits, appends, maxBlockBytes: MiB },
      before: async (operation) => {
        if (operation.method !== method || --countdown !== 0) return;
        if (what === "removed") await destination.remove(previousName);
        else await replaceObject(destination, previousName, (bytes) => bytes.subarray(0, 1000));
      },
    });
    const { site, previous } = await setUp({ ...big, large: noise(5 * MiB), z: lines(10) }, destination);
    const opened = await openPrevious(destination, previous);
    const [shard] = await shardsOf(site, opened);
    countdown = 3;
    await expect(copy(site, destination, { previous: opened, shard })).rejects.toThrow(SourceLost);
    expect(countdown).toBeLessThanOrEqual(0);
  });

  it("is lost when it is not the archive that the catalog knows", async () => {
    const { destination, previous } = await setUp(big);
    const other = openPrevious(destination, { ...previous, commitId: "0-0" });
    await expect(other).rejects.toThrow("is not the archive that the catalog knows");
    await expect(other).rejects.toThrow(SourceLost);
  });

  it("is lost when it cannot be read as an archive", async () => {
    const { destination, previous } = await setUp(big);
    await replaceObject(destination, previousName, (bytes) => bytes.subarray(0, bytes.length - 10));
    await expect(openPrevious(destination, previous)).rejects.toThrow(SourceLost);
  });

  it.each(["Unavailable", "AccessDenied"] as const)(
    "is lost for a plan, and only for that, when it is %s",
    async (kind) => {
      let isBroken = false;
      const destination = memoryDestination({
        before: ({ method }) => {
          if (isBroken && method === "read") throw new StoreFailure(kind, "It lies in the archive tier.");
        },
      });
      const { previous } = await setUp(big, destination);
      const { object } = await openPrevious(destination, previous);
      isBroken = true;
      await expect(openPrevious(destination, previous)).rejects.toThrow(SourceLost);
      await expect(openPrevious(destination, { ...previous, etag: object.etag })).rejects.toThrow(StoreFailure);
    },
  );

  it("is lost when more of it is damaged than one step can pack", async () => {
    const destination = memoryDestination({ limits: { ...azureLimits, appends: true } });
    const { site, previous } = await setUp(big, destination);
    await replaceObject(destination, previousName, flipBit(1));
    const opened = await openPrevious(destination, previous);
    const [shard] = await shardsOf(site, opened);
    // The damaged file's size as its record has it.
    const records = Buffer.from(shard.records);
    records.writeUInt32LE(600 * MiB, 24);
    const copied = copy(site, destination, { previous: opened, shard: { ...shard, records } });
    await expect(copied).rejects.toThrow("damaged in too many places");
  });

  it.each(["NotFound", "SourceChanged", "OutOfRange"] as const)("is lost when the store says %s", async (kind) => {
    let isBroken = false;
    const destination = memoryDestination({
      limits: { ...azureLimits, appends: true },
      before: ({ method }) => {
        if (isBroken && method === "read") throw new StoreFailure(kind, "It is not what it was.");
      },
    });
    const { site, previous } = await setUp(big, destination);
    const opened = await openPrevious(destination, previous);
    const [shard] = await shardsOf(site, opened);
    isBroken = true;
    await expect(copy(site, destination, { previous: opened, shard })).rejects.toThrow(SourceLost);
  });

  it("is not lost when the store is only out of reach", async () => {
    const { destination } = counted({
      before: ({ method }) => {
        if (method === "stageCopy") throw new StoreFailure("Unavailable", "The store does not answer.");
      },
    });
    const { reuse } = await setUp(big, destination);
    await expect(reuse()).rejects.toThrow("The store does not answer.");
  });
});

const shardsOf = async (site: MemorySite, previous: PreviousArchive): Promise<readonly [CopyShard, ...CopyShard[]]> => {
  const listing = await listSite(site);
  const options = { runner: inlineRunner, reread: never };
  const plan = await planReuse(previous.archive.directory, { listing, files: site }, options);
  const [first, ...others] = [...copyShards(previous.archive, { listing, plan, reread: never })];
  if (first === undefined) throw new Error("Nothing is copied.");
  return [first, ...others];
};

type CopyOptions = Pick<Parameters<typeof copyShard>[1], "previous" | "shard" | "signal" | "onProgress">;

const copy = (site: MemorySite, destination: Destination, options: CopyOptions) =>
  copyShard(
    { site, destination, runner: inlinePackRunner },
    { ...options, isInDestination: true, upload: { name: "b.zip", run: "run-2" }, blockBytes: MiB },
  );

describe("a step that copies", () => {
  it("gives the same index when it is done again", async () => {
    for (const appends of [false, true]) {
      const destination = memoryDestination({ limits: { ...azureLimits, appends } });
      const { site, previous } = await setUp({ ...big, large: noise(5 * MiB) }, destination);
      const opened = await openPrevious(destination, previous);
      const [shard] = await shardsOf(site, opened);
      const encoded = [];
      for (let attempt = 0; attempt < 2; attempt++) {
        const { indexes } = await copy(site, destination, { previous: opened, shard });
        encoded.push(indexes.map((index) => Buffer.from(encodeShardIndex(index)).toString("hex")));
      }
      expect(encoded[1]).toEqual(encoded[0]);
    }
  });

  it("has a number that leaves room for what it packs itself", async () => {
    const { site, destination, previous } = await setUp(big);
    const { archive } = await openPrevious(destination, previous);
    const listing = await listSite(site);
    const options = { runner: inlineRunner, reread: never };
    const plan = await planReuse(archive.directory, { listing, files: site }, options);
    const limits = { sizeBytes: MiB, entries: 1 };
    const numbers = [...copyShards(archive, { listing, plan, reread: never }, limits)].map(({ number }) => number);
    expect(numbers).toEqual([0, 2, 4, 6].map((step) => firstCopyNumber + step));
  });

  it("gives what it packs itself a number of its own", async () => {
    const destination = memoryDestination({ limits: { ...azureLimits, appends: true } });
    const { site, previous } = await setUp(big, destination);
    await replaceObject(destination, previousName, flipBit(1));
    const opened = await openPrevious(destination, previous);
    const [shard] = await shardsOf(site, opened);
    const { indexes } = await copy(site, destination, { previous: opened, shard });
    expect(indexes.map(({ shard: number, entries }) => [number, entries])).toEqual([
      [shard.number, 3],
      [shard.number + 1, 1],
    ]);
  });

  it("tells how far it is, and stops when asked", async () => {
    const destination = memoryDestination({ limits: { ...azureLimits, appends: true } });
    const { site, previous } = await setUp({ ...big, large: noise(5 * MiB) }, destination);
    const opened = await openPrevious(destination, previous);
    const [shard] = await shardsOf(site, opened);
    const told: number[] = [];
    await copy(site, destination, { previous: opened, shard, onProgress: ({ entries }) => told.push(entries) });
    expect(told.at(-1)).toBe(5);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(copy(site, destination, { previous: opened, shard, signal })).rejects.toThrow("enough");
  });

  it("finds everything it needs in an encoded shard", async () => {
    const { site, destination, previous: unlinked } = await setUp(big);
    site.makeLink(path("link"), path("d"));
    const { commitId } = await packArchive({ site, destination, name: "linked.zip" });
    const opened = await openPrevious(destination, { ...unlinked, name: "linked.zip", commitId });
    const [shard] = await shardsOf(site, opened);
    const { archivedAt, records, recordEnds, ...others } = decodeCopyShard(encodeCopyShard(shard));
    expect([...archivedAt]).toEqual([...shard.archivedAt]);
    expect([...recordEnds]).toEqual([...shard.recordEnds]);
    expect(Buffer.compare(records, shard.records)).toBe(0);
    expect(others.targets).toEqual(new Map([[others.targets.keys().next().value, path("d")]]));
    const { number, copyFrom, reread, targets } = shard;
    expect(others).toEqual({ number, copyFrom, reread, targets });
  });

  it("refuses a shard that is cut short, too long, or of another version", async () => {
    const { site, destination, previous } = await setUp(big);
    const [shard] = await shardsOf(site, await openPrevious(destination, previous));
    const bytes = Buffer.from(encodeCopyShard(shard));
    for (const wrong of [bytes.subarray(0, 10), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.alloc(3)])])
      expect(() => decodeCopyShard(wrong)).toThrow(expect.objectContaining({ name: "ArchiveInvalid" }) as Error);
    expect(() => decodeCopyShard(Buffer.concat([Buffer.from([9]), bytes.subarray(1)]))).toThrow("another version");
  });
});
