import { hash } from "node:crypto";
import { CentralEncoder } from "../../src/archive/records/central-encoder.ts";
import { noOwnerNames } from "../../src/archive/records/directory-entry.ts";
import { localHeaderLength } from "../../src/archive/records/local-header.ts";
import { sealArchive } from "../../src/archive/shards/seal.ts";
import { decodeShardIndex, encodeShardIndex } from "../../src/archive/shards/shard-index-encoding.ts";
import type { ShardIndex } from "../../src/archive/shards/shard-index.ts";
import { blockId } from "../../src/archive/shards/block-id.ts";
import { ByteArena } from "../../src/archive/records/byte-arena.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import type { Destination } from "../../src/ports/destination.ts";

const entriesInShard = 100_000;
const storedBytes = 1_024;

/** The index of a shard of small files, as packing would have left it in scratch. */
const shardIndex = (shard: number): Uint8Array => {
  const encoder = new CentralEncoder(noOwnerNames());
  const records = new ByteArena();
  let length = 0;
  for (let entry = 0; entry < entriesInShard; entry++) {
    const name = pathFromText(`fs/site/wwwroot/products/${shard}/${String(entry).padStart(6, "0")}/description.json`);
    const row = {
      name,
      kind: "file" as const,
      method: 8,
      generalFlags: 0,
      crc: entry,
      sizeBytes: 3 * storedBytes,
      storedBytes,
      offset: length,
      mode: 0o644,
      uid: 33,
      gid: 33,
      mtimeNs: 1_700_000_000_123_456_789n,
      ctimeNs: 1_700_000_000_223_456_789n,
      inode: BigInt(shard * entriesInShard + entry),
      hash: hash("sha256", name, "buffer"),
      storedCrc: entry + 1,
      changedWhileRead: false,
      mayHaveChanged: false,
    };
    encoder.write(row, records);
    length += localHeaderLength(row) + storedBytes;
  }
  const index: ShardIndex = {
    shard,
    pieces: [{ block: blockId(shard, 0, Buffer.from(`${shard}`)), length }],
    runs: [{ shift: 0, records: records.take() }],
    parts: [],
    entries: entriesInShard,
    sizeBytes: entriesInShard * 3 * storedBytes,
    leftOut: [],
    changed: [],
  };
  return encodeShardIndex(index);
};

/** Forgets what it is given: the memory measured is sealing's own. */
const nowhere: Pick<Destination, "limits" | "stage"> = {
  limits: { maxBlocks: 50_000, maxBlockBytes: 2 ** 30, minBlockBytes: 1, appends: false },
  stage: () => Promise.resolve(),
};

/** Seals so many entries, and nothing else. */
export const sealEntries = async (count: string): Promise<void> => {
  const shards = (function* () {
    for (let shard = 0; shard * entriesInShard < Number(count); shard++) yield decodeShardIndex(shardIndex(shard));
  })();
  // The cast is safe: sealing stages, and does nothing else with a destination.
  const destination = nowhere as Destination;
  const upload = { name: "a.zip", run: "bench" };
  const { entries } = await sealArchive({ shards, destination, upload, planned: Number(count), blockBytes: 2 ** 23 });
  console.log(`${entries} entries`);
};
