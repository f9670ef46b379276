import { ArchiveInvalid } from "../archive-invalid.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { decodeLocalHeader, encodeLocalHeader, localHeaderExtent, type LocalHeader } from "../records/local-header.ts";
import { plainName } from "./read-directory.ts";
import { slashed } from "../records/zip-name.ts";

const encryptedBit = 1;
const descriptorBit = 8;

const mismatch = (what: string): ArchiveInvalid => new ArchiveInvalid("HeaderMismatch", what);

/**
 * Where an entry's stored bytes begin in `bytes`, which hold its local header at `at`. Throws HeaderMismatch when the
 * header says other things than the directory: in an archive of ours every bit of it must be as we write it.
 */
export const storedStart = (entry: DirectoryEntry, bytes: Uint8Array, at: number): number => {
  if (entry.storedCrc === undefined) {
    if (at + headerLength(bytes, at) > bytes.length) throw mismatch("Its local header runs into the next record.");
    return at + checkForeignHeader(entry, decodeLocalHeader(bytes, at));
  }
  const expected = encodeLocalHeader(entry);
  if (Buffer.compare(expected, bytes.subarray(at, at + expected.length)) !== 0)
    throw mismatch("Its local header is not what the directory makes of it.");
  return at + expected.length;
};

/** How many bytes the local header that begins at `at` has; it may end beyond `bytes`. */
export const headerLength = (bytes: Uint8Array, at: number): number => {
  try {
    return localHeaderExtent(bytes, at);
  } catch (error) {
    throw error instanceof ArchiveInvalid ? mismatch("No local header lies where the directory says.") : error;
  }
};

const checkForeignHeader = (entry: DirectoryEntry, header: LocalHeader): number => {
  if (plainName(header.name) !== entry.name && plainName(slashed(header.name)) !== entry.name)
    throw mismatch("Its local header has another name.");
  if (header.method !== entry.method) throw mismatch("Its local header has another method.");
  if ((header.generalFlags & encryptedBit) !== (entry.generalFlags & encryptedBit))
    throw mismatch("Only one of its headers says that it is encrypted.");
  const late = (header.generalFlags & descriptorBit) !== 0;
  for (const field of ["crc", "sizeBytes", "storedBytes"] as const) {
    // A streaming writer knows these only after the data, and leaves zeros (or the ZIP64 marker) before it.
    if (header[field] === entry[field] || (late && (header[field] === 0 || header[field] === 0xffff_ffff))) continue;
    throw mismatch("Its local header has other sizes or another checksum than the directory.");
  }
  return header.headerBytes;
};
