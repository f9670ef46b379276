import { ArchiveInvalid } from "../archive-invalid.ts";
import { ByteReader, ByteWriter } from "./little-endian.ts";

const endRecordBytes = 22;
export const zip64LocatorBytes = 20;
export const zip64EndRecordBytes = 56;
/** The end record lies within this many bytes of the archive's end. */
export const maxEndBytes = endRecordBytes + 0xffff;

const endSignature = 0x0605_4b50;
const locatorSignature = 0x0706_4b50;
const zip64EndSignature = 0x0606_4b50;
const max16 = 0xffff;
const max32 = 0xffff_ffff;

/** Where the central directory lies and how many records it has. */
export interface DirectoryExtent {
  readonly entries: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Everything behind the central directory: the end record, with the two ZIP64 records before it where needed.
 * `comment` is ASCII; a sealed archive's is its commit id (commit-id.ts).
 */
export const encodeEnd = (directory: DirectoryExtent, comment = ""): Buffer => {
  const zip64 = directory.entries >= max16 || directory.offset >= max32 || directory.sizeBytes >= max32;
  const length = endRecordBytes + comment.length + (zip64 ? zip64EndRecordBytes + zip64LocatorBytes : 0);
  const out = new ByteWriter(Buffer.allocUnsafe(length));
  if (zip64) {
    out.u32(zip64EndSignature).size(zip64EndRecordBytes - 12);
    out.u8(45).u8(3).u16(45).u32(0).u32(0);
    out.size(directory.entries).size(directory.entries).size(directory.sizeBytes).size(directory.offset);
    out.u32(locatorSignature).u32(0);
    out.size(directory.offset + directory.sizeBytes).u32(1);
  }
  const entries = Math.min(directory.entries, max16);
  out.u32(endSignature).u16(0).u16(0).u16(entries).u16(entries);
  out.u32(Math.min(directory.sizeBytes, max32)).u32(Math.min(directory.offset, max32)).u16(comment.length);
  out.latin1(comment);
  return out.bytes;
};

export interface EndRecord extends DirectoryExtent {
  /** Some value is at its limit: the ZIP64 records must be read, if there are any. */
  readonly saturated: boolean;
  /** Where the record begins in the bytes given. */
  readonly at: number;
  /** One character a byte. */
  readonly comment: string;
}

/**
 * The end record in the last bytes of an archive: the last one whose comment ends exactly where the archive ends, or,
 * when there is none, where nothing but zeros follow, as tools that write to tapes and pipes leave them. Undefined when
 * there is neither.
 */
export const findEndRecord = (tail: Uint8Array): EndRecord | undefined => {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  const zeros = zerosFrom(bytes);
  const at = endRecordAt(bytes, (end) => end === bytes.length) ?? endRecordAt(bytes, (end) => end >= zeros);
  return at === undefined ? undefined : decodeEndRecord(bytes, at);
};

const endRecordAt = (bytes: Buffer, isEnd: (end: number) => boolean): number | undefined => {
  const first = Math.max(0, bytes.length - maxEndBytes);
  for (let at = bytes.length - endRecordBytes; at >= first; at--) {
    if (bytes.readUInt32LE(at) !== endSignature) continue;
    const end = at + endRecordBytes + bytes.readUInt16LE(at + 20);
    if (end <= bytes.length && isEnd(end)) return at;
  }
  return undefined;
};

/** Where the zeros at the end begin. */
const zerosFrom = (bytes: Buffer): number => {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
};

const decodeEndRecord = (bytes: Buffer, at: number): EndRecord => {
  const fields = new ByteReader(bytes, at + 4);
  const disk = fields.u16();
  const directoryDisk = fields.u16();
  const entriesHere = fields.u16();
  const entries = fields.u16();
  const sizeBytes = fields.u32();
  const offset = fields.u32();
  const comment = fields.latin1(fields.u16());
  const saturated = entries === max16 || sizeBytes === max32 || offset === max32 || disk === max16;
  if (!saturated && (disk !== 0 || directoryDisk !== 0 || entriesHere !== entries))
    throw new ArchiveInvalid("SplitArchive", "The archive is split over many files.");
  return { entries, sizeBytes, offset, saturated, at, comment };
};

/** Offset of the ZIP64 end record, from the 20 bytes before the end record; undefined when they are no locator. */
export const decodeZip64Locator = (bytes: Uint8Array, at: number): number | undefined => {
  if (at < 0 || bytes.length - at < zip64LocatorBytes) return undefined;
  const fields = new ByteReader(bytes, at);
  if (fields.u32() !== locatorSignature) return undefined;
  const disk = fields.u32();
  const offset = fields.size();
  const disks = fields.u32();
  if (disk !== 0 || disks > 1) throw new ArchiveInvalid("SplitArchive", "The archive is split over many files.");
  return offset;
};

export const decodeZip64EndRecord = (bytes: Uint8Array, at = 0): DirectoryExtent => {
  const fields = new ByteReader(bytes, at);
  if (fields.u32() !== zip64EndSignature)
    throw new ArchiveInvalid("BadRecord", "No ZIP64 end record where its locator points.");
  fields.size();
  fields.u32();
  const disk = fields.u32();
  const directoryDisk = fields.u32();
  const entriesHere = fields.size();
  const entries = fields.size();
  if (disk !== 0 || directoryDisk !== 0 || entriesHere !== entries)
    throw new ArchiveInvalid("SplitArchive", "The archive is split over many files.");
  const sizeBytes = fields.size();
  return { entries, sizeBytes, offset: fields.size() };
};
