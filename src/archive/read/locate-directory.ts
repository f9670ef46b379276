import { ArchiveInvalid } from "../archive-invalid.ts";
import type { ByteSource } from "./byte-source.ts";
import {
  decodeZip64EndRecord,
  decodeZip64Locator,
  findEndRecord,
  maxEndBytes,
  zip64EndRecordBytes,
  zip64LocatorBytes,
  type DirectoryExtent,
  type EndRecord,
} from "../records/end-records.ts";

/** Where an archive's parts lie, from the start of the file. */
export interface ArchiveExtent {
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  /** Bytes before the archive, as self-extracting ones have them: offsets count from their end. */
  readonly prefixBytes: number;
  readonly comment: string;
}

/** Reads the end of the file: the end record, and the ZIP64 end record where there is one. */
export const locateDirectory = async (source: ByteSource, signal?: AbortSignal): Promise<ArchiveExtent> => {
  const tailBytes = Math.min(source.sizeBytes, maxEndBytes + zip64LocatorBytes);
  const tailOffset = source.sizeBytes - tailBytes;
  const tail = await source.read(tailOffset, tailBytes, signal);
  const end = findEndRecord(tail);
  if (end === undefined) throw new ArchiveInvalid("NoEndRecord", `${source.name} does not end as a zip does.`);
  const locatorOffset = tailOffset + end.at - zip64LocatorBytes;
  const stated = decodeZip64Locator(tail, end.at - zip64LocatorBytes);
  if (stated === undefined) return extentOf(end, tailOffset + end.at, end.comment);
  const big = await readZip64End(source, { stated, locatorOffset }, signal);
  if (!agree(end, big)) throw new ArchiveInvalid("BadRecord", "The end record and the ZIP64 end record differ.");
  return extentOf(big, big.at, end.comment);
};

/** The ZIP64 end record, where its locator says, or right before the locator where a prefix shifted it. */
const readZip64End = async (
  source: ByteSource,
  where: { readonly stated: number; readonly locatorOffset: number },
  signal: AbortSignal | undefined,
): Promise<DirectoryExtent & { readonly at: number }> => {
  const adjacent = where.locatorOffset - zip64EndRecordBytes;
  if (adjacent < 0 || where.stated > adjacent)
    throw new ArchiveInvalid("BadOffset", "The ZIP64 end record lies outside of the file.");
  for (const at of [adjacent, where.stated]) {
    const bytes = await source.read(at, zip64EndRecordBytes, signal);
    if (isZip64End(bytes)) return { ...decodeZip64EndRecord(bytes), at };
  }
  throw new ArchiveInvalid("BadRecord", "No ZIP64 end record where its locator points.");
};

const isZip64End = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x06 && bytes[3] === 0x06;

/** A forged archive may say one thing to readers that know ZIP64 and another to those that do not. */
const agree = (end: EndRecord, big: DirectoryExtent): boolean =>
  (end.entries === 0xffff || end.entries === big.entries) &&
  (end.sizeBytes === 0xffff_ffff || end.sizeBytes === big.sizeBytes) &&
  (end.offset === 0xffff_ffff || end.offset === big.offset);

/** The directory ends where the end records begin; what that leaves before the stated offset is a prefix. */
const extentOf = (directory: DirectoryExtent, endOffset: number, comment: string): ArchiveExtent => {
  const prefixBytes = endOffset - directory.offset - directory.sizeBytes;
  if (prefixBytes < 0)
    throw new ArchiveInvalid("BadOffset", "The directory is said to end behind the place where it ends.");
  return {
    entries: directory.entries,
    directoryOffset: directory.offset + prefixBytes,
    directoryBytes: directory.sizeBytes,
    prefixBytes,
    comment,
  };
};
