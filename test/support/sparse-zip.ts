import { closeSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { ByteSource } from "../../src/archive/read/byte-source.ts";
import { archiveComment, CommitIdBuilder } from "../../src/archive/directory/commit-id.ts";
import { combinedHash, sliceBytes, sliceHash } from "../../src/archive/content/content-hash.ts";
import { combinedCrc } from "../../src/archive/content/crc-combine.ts";
import { DirectoryColumns } from "../../src/archive/directory/directory-columns.ts";
import type { DirectoryEntry } from "../../src/archive/records/directory-entry.ts";
import { encodeEnd } from "../../src/archive/records/end-records.ts";
import { encodeLocalHeader, localHeaderLength } from "../../src/archive/records/local-header.ts";
import { packedEntry } from "./lifeboat-zip.ts";

const slice = Buffer.alloc(sliceBytes);
const hashOfSlice = sliceHash(slice);
const crcOfSlice = crc32(slice);

const crcOfZeros = (length: number): number => {
  let crc = 0;
  for (let at = 0; at < length; at += sliceBytes) {
    const part = Math.min(sliceBytes, length - at);
    crc = combinedCrc(crc, part === sliceBytes ? crcOfSlice : crc32(slice.subarray(0, part)), part);
  }
  return crc;
};

/** A stored file of so many zeros, which a file system keeps as a hole. */
const zeros = (name: string, length: number): DirectoryEntry => {
  const whole = Array.from({ length: Math.floor(length / sliceBytes) }, () => hashOfSlice);
  const rest = length % sliceBytes;
  const hash = combinedHash(rest === 0 ? whole : [...whole, sliceHash(slice.subarray(0, rest))]);
  const crc = crcOfZeros(length);
  const { entry } = packedEntry({ name });
  return { ...entry, method: 0, sizeBytes: length, storedBytes: length, crc, storedCrc: crc, hash };
};

/** An archive with a long hole in it, in two pieces. */
interface SparseZip {
  /** Before the hole. */
  readonly head: Buffer;
  /** Behind it, to the end. */
  readonly tail: Buffer;
  /** The whole, zeros where the hole is; reads from `head` and `tail` as they are by then. */
  readonly source: ByteSource;
}

/**
 * An archive exactly as Lifeboat writes it, with a stored entry `fs/zeros` of `length` zero bytes before some small
 * ones: gigabytes to every reader.
 */
export const sparseZip = (length: number): SparseZip => {
  const directory = new DirectoryColumns();
  const parts: Uint8Array[] = [];
  const large = zeros("fs/zeros", length);
  directory.append(large);
  const head = encodeLocalHeader(large);
  let offset = head.length + length;
  for (const name of ["fs/behind/", "fs/behind/a.txt", "fs/behind/b.txt"]) {
    const { entry, stored } = packedEntry({ name, content: name.endsWith("/") ? "" : `content of ${name}\n` });
    directory.append({ ...entry, offset });
    parts.push(encodeLocalHeader(entry), stored);
    offset += localHeaderLength(entry) + stored.length;
  }
  directory.sort();
  const records = Buffer.concat([...directory.encode()]);
  const commitId = new CommitIdBuilder().update(records).finish();
  const extent = { entries: directory.length, offset, sizeBytes: records.length };
  const tail = Buffer.concat([...parts, records, encodeEnd(extent, archiveComment(commitId))]);
  return { head, tail, source: holedSource({ head, tail, length }) };
};

const holedSource = (zip: { readonly head: Buffer; readonly tail: Buffer; readonly length: number }): ByteSource => {
  const tailStart = zip.head.length + zip.length;
  return {
    name: "sparse.zip",
    sizeBytes: tailStart + zip.tail.length,
    read: async (offset, length) => {
      const bytes = Buffer.alloc(length);
      if (offset < zip.head.length) zip.head.copy(bytes, 0, offset);
      const inTail = Math.max(0, offset - tailStart);
      if (offset + length > tailStart) zip.tail.copy(bytes, Math.max(0, tailStart - offset), inTail);
      return bytes;
    },
  };
};

/** The same as a file: gigabytes long, kilobytes on the disk. */
export const writeSparseZip = (path: string, length: number): void => {
  const { head, tail } = sparseZip(length);
  const file = openSync(path, "w");
  writeSync(file, head, 0, head.length, 0);
  writeSync(file, tail, 0, tail.length, head.length + length);
  closeSync(file);
};
