import { pathBytes, type BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import type { CopyShard } from "./copy-shards.ts";
import { ByteReader, ByteWriter } from "../records/little-endian.ts";

const version = 1;
const headBytes = 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4;

/** A copy shard for scratch. */
export const encodeCopyShard = (shard: CopyShard): Uint8Array => {
  const { archivedAt, records, recordEnds, targets, reread } = shard;
  const head = new ByteWriter(Buffer.allocUnsafe(headBytes + 8 * archivedAt.length));
  head.u32(version).u32(shard.number).size(shard.copyFrom);
  head.size(reread.run).u32(reread.every);
  head.u32(archivedAt.length).u32(records.length).u32(targets.size);
  head.u32s(archivedAt).u32s(recordEnds);
  const links = [...targets].map(([index, target]) => {
    const out = new ByteWriter(Buffer.allocUnsafe(8 + target.length));
    return out.u32(index).u32(target.length).raw(pathBytes(target)).bytes;
  });
  return Buffer.concat([head.bytes, records, ...links]);
};

/** Throws ArchiveInvalid for anything else than what `encodeCopyShard` makes. */
export const decodeCopyShard = (bytes: Uint8Array): CopyShard => {
  const fields = new ByteReader(bytes);
  if (fields.u32() !== version) throw new ArchiveInvalid("BadRecord", "A copy shard is of another version.");
  const number = fields.u32();
  const copyFrom = fields.size();
  const reread = { run: fields.size(), every: fields.u32() };
  const [count, recordBytes, links] = [fields.u32(), fields.u32(), fields.u32()];
  const archivedAt = fields.u32s(count);
  const recordEnds = fields.u32s(count);
  const records = fields.bytes(recordBytes);
  const targets = new Map<number, BytePath>();
  for (let left = links; left > 0; left--) {
    const index = fields.u32();
    // The cast is safe: latin1 decoding yields one character below 256 a byte.
    targets.set(index, fields.latin1(fields.u32()) as BytePath);
  }
  if (fields.left > 0 || (recordEnds.at(-1) ?? 0) !== recordBytes)
    throw new ArchiveInvalid("BadRecord", "A copy shard is not as long as what it holds.");
  return { number, archivedAt, records, recordEnds, targets, copyFrom, reread };
};
