import type { BytePath } from "../../domain/byte-path.ts";
import type { EntryKind, ListedEntry } from "../../domain/listing.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import type { OwnerNames } from "../records/directory-entry.ts";
import { ByteReader, ByteWriter } from "../records/little-endian.ts";
import { ListingColumns } from "./listing-columns.ts";

const sliceRows = 8192;
const rowBytes = 47;
const kinds: readonly EntryKind[] = ["file", "directory", "link"];
const has = { ctime: 4, inode: 8, sharing: 16 } as const;

/**
 * The places `from` to `to` (exclusive) of a listing for scratch or for another thread, in slices of a few thousand
 * rows. Each slice stands alone: `decodeListing` takes any of them, in any number.
 */
export const encodeListing = function* (
  listing: ListingColumns,
  from = 0,
  to = listing.length,
): Generator<Buffer<ArrayBuffer>> {
  for (let start = from; start < to; start += sliceRows)
    yield encodeSlice(listing, start, Math.min(to, start + sliceRows));
};

/** Call `sort` on the result if the slices may have come in another order. */
export const decodeListing = (slices: Iterable<Uint8Array>): ListingColumns => {
  const listing = new ListingColumns();
  for (const slice of slices) decodeSlice(slice, listing);
  return listing;
};

/** The same as one piece, each slice behind its length. */
export const listingBytes = (listing: ListingColumns, from = 0, to = listing.length): Buffer => {
  const parts: Buffer[] = [];
  for (const slice of encodeListing(listing, from, to))
    parts.push(new ByteWriter(Buffer.allocUnsafe(4)).u32(slice.length).bytes, slice);
  return Buffer.concat(parts);
};

export const listingFromBytes = (bytes: Uint8Array): ListingColumns => decodeListing(slicesIn(bytes));

function* slicesIn(bytes: Uint8Array): Generator<Uint8Array> {
  const fields = new ByteReader(bytes);
  while (fields.left > 0) yield fields.bytes(fields.u32());
}

const encodeSlice = (listing: ListingColumns, from: number, to: number): Buffer<ArrayBuffer> => {
  const rows: ListedEntry[] = [];
  let length = 4;
  for (let place = from; place < to; place++) {
    const entry = listing.at(place);
    rows.push(entry);
    length += rowBytes + entry.path.length + (entry.target?.length ?? 0);
  }
  const users = encodeNames(listing.owners.users);
  const groups = encodeNames(listing.owners.groups);
  // A buffer of its own, so that it can be handed to another thread.
  const bytes = Buffer.allocUnsafeSlow(length + users.length + groups.length);
  const out = new ByteWriter(bytes);
  out.raw(users).raw(groups).u32(rows.length);
  for (const entry of rows) writeRow(out, entry);
  return bytes;
};

const encodeNames = (names: ReadonlyMap<number, string>): Buffer => {
  const rows = [...names].map(([id, name]) => {
    const bytes = Buffer.from(name, "utf8");
    return new ByteWriter(Buffer.allocUnsafe(6 + bytes.length)).u32(id).u16(bytes.length).raw(bytes).bytes;
  });
  return Buffer.concat([new ByteWriter(Buffer.allocUnsafe(4)).u32(rows.length).bytes, ...rows]);
};

const decodeNames = (fields: ByteReader, names: Map<number, string>): void => {
  for (let left = fields.u32(); left > 0; left--) {
    const id = fields.u32();
    names.set(id, fields.bytes(fields.u16()).toString("utf8"));
  }
};

const writeRow = (out: ByteWriter, entry: ListedEntry): void => {
  const target = entry.target ?? "";
  const flags =
    (entry.ctimeNs === undefined ? 0 : has.ctime) |
    (entry.inode === undefined ? 0 : has.inode) |
    (entry.isShared ? has.sharing : 0);
  out
    .u8(kinds.indexOf(entry.kind) | flags)
    .u16(entry.mode)
    .u32(entry.uid)
    .u32(entry.gid)
    .size(entry.sizeBytes);
  out.i64(entry.mtimeNs).i64(entry.ctimeNs ?? 0n);
  out.u64(entry.inode ?? 0n);
  out.u16(entry.path.length).latin1(entry.path).u16(target.length).latin1(target);
};

const decodeSlice = (slice: Uint8Array, listing: ListingColumns): void => {
  for (const entry of listedRows(slice, listing.owners)) listing.append(entry);
};

/** The rows of one slice, without the names of their owners: those are added to `owners` before the first row comes. */
export function* listedRows(slice: Uint8Array, owners: OwnerNames): Generator<ListedEntry, void> {
  const fields = new ByteReader(slice);
  decodeNames(fields, owners.users);
  decodeNames(fields, owners.groups);
  for (let left = fields.u32(); left > 0; left--) yield readRow(fields);
  if (fields.left > 0) throw new ArchiveInvalid("BadRecord", "A slice of a listing is longer than its rows.");
}

type Building = { -readonly [Key in keyof ListedEntry]: ListedEntry[Key] };

const readRow = (fields: ByteReader): ListedEntry => {
  const flags = fields.u8();
  const kind = kinds[flags & 3];
  if (!kind) throw new ArchiveInvalid("BadRecord", "A slice of a listing has an entry of no kind.");
  const mode = fields.u16();
  const uid = fields.u32();
  const gid = fields.u32();
  const sizeBytes = fields.size();
  const mtimeNs = fields.i64();
  const ctimeNs = fields.i64();
  const inode = fields.u64();
  const row: Building = { path: readPath(fields), kind, sizeBytes, mode, uid, gid, mtimeNs };
  const target = readPath(fields);
  if (flags & has.ctime) row.ctimeNs = ctimeNs;
  if (flags & has.inode) row.inode = inode;
  if (flags & has.sharing) row.isShared = true;
  if (kind === "link") row.target = target;
  return row;
};

// The cast is safe: latin1 decoding yields one character below 256 a byte.
const readPath = (fields: ByteReader): BytePath => fields.latin1(fields.u16()) as BytePath;
