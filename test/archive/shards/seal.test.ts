import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { azureLimits, memoryDestination } from "../../support/memory-destination.ts";
import type { DirectoryEntry } from "../../../src/archive/records/directory-entry.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { sealArchive, type SealedArchive, type SealWork } from "../../../src/archive/shards/seal.ts";
import { decodeShardIndex, encodeShardIndex } from "../../../src/archive/shards/shard-index-encoding.ts";
import type { ShardIndex } from "../../../src/archive/shards/shard-index.ts";
import { ShardWriter } from "../../../src/archive/shards/shard-writer.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { lines } from "../../support/contents.ts";
import { readWhole } from "../../support/pack-archive.ts";
import { bytePath } from "../entries.ts";
import { memorySource } from "../../support/memory-source.ts";

const upload = { name: "a.zip", run: "run-1" };
const path = pathFromText;

/** A stored entry of nothing but its name. */
const emptyFile = (name: BytePath): DirectoryEntry => ({
  name,
  kind: "file",
  method: 0,
  generalFlags: 0,
  crc: 0,
  sizeBytes: 0,
  storedBytes: 0,
  offset: 0,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 1_700_000_000_000_000_000n,
  ctimeNs: 1n,
  inode: 1n,
  hash: createHash("sha256").digest(),
  storedCrc: 0,
  changedWhileRead: false,
  mayHaveChanged: false,
});

const shardOf = async (destination: Destination, shard: number, names: readonly string[]): Promise<ShardIndex> => {
  const writer = new ShardWriter({ destination, upload, shard, blockBytes: 100 });
  for (const name of names) await writer.addEntry(emptyFile(path(name)));
  return decodeShardIndex(encodeShardIndex(await writer.finish()));
};

const sealed = async (
  destination: Destination,
  shards: readonly ShardIndex[],
  options: Partial<SealWork> = {},
): Promise<SealedArchive> => {
  const planned = shards.reduce((sum, { entries, leftOut }) => sum + entries + leftOut.length, 0);
  const result = await sealArchive({ shards, destination, upload, planned, blockBytes: 100, ...options });
  await destination.commit(upload, result.blocks, { commitid: result.commitId });
  return result;
};

describe("sealing", () => {
  it("orders the directory by the raw bytes of the names, whatever the order of the data", async () => {
    const destination = memoryDestination();
    const shards = [
      await shardOf(destination, 0, ["fs/b", "fs/z"]),
      await shardOf(destination, 9, ["fs/c/", "fs/a", "shop.sql"]),
      await shardOf(destination, 1, ["fs/a-b"]),
    ];
    const { commitId, sizeBytes } = await sealed(destination, shards);
    const bytes = await readWhole(destination);
    expect(bytes.length).toBe(sizeBytes);
    const { directory, extent, ...archive } = await openArchive(memorySource("a.zip", bytes));
    const names = Array.from({ length: directory.length }, (_, place) => directory.name(place));
    expect(names).toEqual(["fs/a", "fs/a-b", "fs/b", "fs/c/", "fs/z", "shop.sql"]);
    expect(directory.offset(directory.find(path("fs/b")))).toBe(0);
    const records = bytes.subarray(extent.directoryOffset, extent.directoryOffset + extent.directoryBytes);
    expect(commitId).toBe(`${createHash("sha256").update(records).digest("hex")}-${records.length}`);
    expect(archive.commitId).toBe(commitId);
  });

  it("makes the same bytes of the same shards", async () => {
    const names = fc.uniqueArray(bytePath, { minLength: 1, maxLength: 20 });
    const once = async (all: readonly BytePath[], cut: number): Promise<Buffer> => {
      const destination = memoryDestination();
      const texts = all.map((name) => Buffer.from(`fs/${name}`, "latin1").toString("latin1"));
      const writer = (number: number, part: readonly string[]) => shardOfBytes(destination, number, part);
      const shards = [await writer(0, texts.slice(0, cut)), await writer(1, texts.slice(cut))];
      await sealed(destination, shards);
      return readWhole(destination);
    };
    await fc.assert(
      fc.asyncProperty(names, fc.nat(20), async (all, cut) => {
        expect((await once(all, cut)).equals(await once(all, cut))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses to seal when an entry is lost", async () => {
    const destination = memoryDestination();
    const shards = [await shardOf(destination, 0, ["fs/a", "fs/b"])];
    await expect(sealed(destination, shards, { planned: 3 })).rejects.toThrow("3 entries were planned, 2 packed");
    expect(await destination.head("a.zip")).toBeUndefined();
  });

  it("counts what was left out, and tells it with its reason", async () => {
    const destination = memoryDestination();
    const shard = await shardOf(destination, 0, ["fs/a"]);
    const leftOut = [{ path: path("b"), reason: "Permission was denied (EACCES)." }];
    const result = await sealed(destination, [{ ...shard, leftOut }]);
    expect(result).toMatchObject({ entries: 1, leftOut });
  });

  it("refuses two entries of one name", async () => {
    const destination = memoryDestination();
    const shards = [await shardOf(destination, 0, ["fs/a"]), await shardOf(destination, 1, ["fs/a"])];
    await expect(sealed(destination, shards)).rejects.toThrow("fs/a is in the archive twice.");
  });

  it("refuses shards whose bytes do not lie where their directory says", async () => {
    const destination = memoryDestination();
    const [first, other] = [await shardOf(destination, 0, ["fs/a"]), await shardOf(destination, 1, ["fs/long"])];
    const mixed = { ...first, pieces: other.pieces };
    await expect(sealed(destination, [mixed])).rejects.toThrow("does not end where the data ends");
    const short = { ...first, pieces: [] };
    await expect(sealed(destination, [short])).rejects.toThrow("has entries beyond its end");
  });

  it("refuses more blocks than the destination takes", async () => {
    const destination = memoryDestination({ limits: { ...azureLimits, maxBlocks: 3 } });
    const names = Array.from({ length: 10 }, (_, at) => `fs/file-${at}`);
    const shard = await shardOf(destination, 0, names);
    await expect(sealed(destination, [shard])).rejects.toThrow("the destination takes 3");
  });

  it("ends with the signal's reason when it is cancelled", async () => {
    const destination = memoryDestination();
    const shard = await shardOf(destination, 0, ["fs/a"]);
    const signal = AbortSignal.abort(new Error("cancelled"));
    await expect(sealed(destination, [shard], { signal })).rejects.toThrow("cancelled");
  });

  it("takes shards that are read one after another", async () => {
    const destination = memoryDestination();
    const shards = [await shardOf(destination, 0, ["fs/a"]), await shardOf(destination, 1, ["fs/b"])];
    const later = (async function* () {
      for (const shard of shards) yield await Promise.resolve(shard);
    })();
    expect((await sealed(destination, [], { shards: later, planned: 2 })).entries).toBe(2);
  });
});

const shardOfBytes = async (destination: Destination, shard: number, names: readonly string[]): Promise<ShardIndex> => {
  const writer = new ShardWriter({ destination, upload, shard, blockBytes: 100 });
  // The cast is safe: the names are byte paths with ASCII before them.
  for (const name of names) await writer.addEntry(emptyFile(name as BytePath));
  return writer.finish();
};

describe("a shard's index on its way through scratch", () => {
  const text = fc.string({ maxLength: 20 });
  const count = fc.nat(2 ** 40);
  const bytes = fc.uint8Array({ maxLength: 40 });
  const id = fc.uint8Array({ minLength: 24, maxLength: 24 }).map((raw) => Buffer.from(raw).toString("base64"));
  const index = fc.record({
    shard: fc.nat(0xffff),
    pieces: fc.array(fc.oneof(fc.record({ block: id, length: count }), fc.record({ header: fc.nat(1000) }))),
    runs: fc.array(fc.record({ shift: count, records: bytes })),
    parts: fc.array(
      fc.record(
        {
          record: bytes,
          firstSlice: fc.nat(1000),
          sums: fc.record({ sizeBytes: count, crc: count, storedBytes: count, storedCrc: count, hashes: bytes }),
          isEnd: fc.boolean(),
          hasChanged: fc.boolean(),
          failure: text,
          pieces: fc.record({ from: fc.nat(9), to: fc.nat(9) }),
        },
        { requiredKeys: ["record", "firstSlice", "sums", "isEnd", "hasChanged", "pieces"] },
      ),
      { maxLength: 3 },
    ),
    entries: count,
    sizeBytes: count,
    leftOut: fc.array(fc.record({ path: bytePath, reason: text })),
    changed: fc.array(bytePath),
  });
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) =>
      part instanceof Uint8Array || Buffer.isBuffer(part) ? Buffer.from(part).toString("hex") : part,
    );

  it("comes out as it went in", () => {
    fc.assert(
      fc.property(index, (before) => {
        // The cast is safe: the record has the form of an index, with ids of the right length.
        const encoded = encodeShardIndex(before as unknown as ShardIndex);
        const decoded = decodeShardIndex(encoded);
        expect(encodeShardIndex(decoded)).toEqual(encoded);
        expect(plain(decoded.leftOut)).toBe(plain(before.leftOut));
        const failures = (of: readonly { readonly failure?: string }[]) => of.map(({ failure }) => failure ?? "none");
        expect(failures(decoded.parts)).toEqual(failures(before.parts));
        expect(decoded.pieces).toEqual(before.pieces);
      }),
      { numRuns: 50 },
    );
  });

  it("is refused when it is cut short, goes on, or is of another version", async () => {
    const whole = Buffer.from(encodeShardIndex(await shardOf(memoryDestination(), 3, ["fs/a", "fs/b"])));
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeShardIndex(whole.subarray(0, length))).toThrow(/ends in its middle|longer|another|wrong/);
    expect(() => decodeShardIndex(Buffer.concat([whole, lines(1)]))).toThrow("longer than what it holds");
    const other = Buffer.from(whole);
    other[0] = 2;
    expect(() => decodeShardIndex(other)).toThrow("another version");
  });
});
