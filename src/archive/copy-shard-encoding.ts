import { ArchiveInvalid } from "./archive-invalid.ts";
import type { CopyShard } from "./copy-shards.ts";
import { decodeListing, encodeListing } from "./listing-encoding.ts";
import { ByteReader, ByteWriter } from "./little-endian.ts";

const version = 1;
const headBytes = 4 + 4 + 8 + 8 + 4 + 4;

/** A copy shard for scratch. */
export const encodeCopyShard = (shard: CopyShard): Uint8Array => {
  const { archivedAt, reread } = shard;
  const head = new ByteWriter(Buffer.allocUnsafe(headBytes + 4 * archivedAt.length));
  head.u32(version).u32(shard.number).size(shard.copyFrom);
  head.size(reread.run).u32(reread.every).u32(archivedAt.length);
  for (const place of archivedAt) head.u32(place);
  const parts: Uint8Array[] = [head.bytes];
  for (const slice of encodeListing(shard.listing))
    parts.push(new ByteWriter(Buffer.allocUnsafe(4)).u32(slice.length).bytes, slice);
  return Buffer.concat(parts);
};

/** Throws ArchiveInvalid for anything else than what `encodeCopyShard` makes. */
export const decodeCopyShard = (bytes: Uint8Array): CopyShard => {
  const fields = new ByteReader(bytes);
  if (fields.u32() !== version) throw new ArchiveInvalid("BadRecord", "A copy shard is of another version.");
  const number = fields.u32();
  const copyFrom = fields.size();
  const reread = { run: fields.size(), every: fields.u32() };
  const count = fields.u32();
  const archivedAt = Uint32Array.from(places(new ByteReader(fields.bytes(4 * count))));
  const listing = decodeListing(slices(fields));
  if (listing.length !== count) throw new ArchiveInvalid("BadCount", "A copy shard has not as many rows as places.");
  return { number, listing, archivedAt, copyFrom, reread };
};

function* places(fields: ByteReader): Generator<number> {
  while (fields.left > 0) yield fields.u32();
}

function* slices(fields: ByteReader): Generator<Uint8Array> {
  while (fields.left > 0) yield fields.bytes(fields.u32());
}
