import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { archiveComment, CommitIdBuilder } from "../../src/archive/commit-id.ts";
import { combinedHash, sliceBytes, sliceHash } from "../../src/archive/content-hash.ts";
import { combinedCrc } from "../../src/archive/crc-combine.ts";
import { DirectoryColumns } from "../../src/archive/directory-columns.ts";
import type { DirectoryEntry } from "../../src/archive/directory-entry.ts";
import { encodeEnd } from "../../src/archive/end-records.ts";
import { encodeLocalHeader } from "../../src/archive/local-header.ts";
import { packedEntry } from "./lifeboat-zip.ts";

const slice = Buffer.alloc(sliceBytes);

const crcOfZeros = (length: number): number => {
  let crc = 0;
  for (let at = 0; at < length; at += sliceBytes) {
    const part = Math.min(sliceBytes, length - at);
    crc = combinedCrc(crc, crc32(slice.subarray(0, part)), part);
  }
  return crc;
};

/** A stored file of so many zeros, which a file system keeps as a hole. */
const zeros = (name: string, length: number): DirectoryEntry => {
  const whole = Array.from({ length: Math.floor(length / sliceBytes) }, () => sliceHash(slice));
  const rest = length % sliceBytes;
  const hash = combinedHash(rest === 0 ? whole : [...whole, sliceHash(slice.subarray(0, rest))]);
  const crc = crcOfZeros(length);
  const { entry } = packedEntry({ name });
  return { ...entry, method: 0, sizeBytes: length, storedBytes: length, crc, storedCrc: crc, hash };
};

/**
 * An archive exactly as Lifeboat writes it, with a stored entry `fs/zeros` of `length` zero bytes before some small
 * ones: gigabytes to every reader, kilobytes to the disk.
 */
export const writeSparseZip = (path: string, length: number): void => {
  const directory = new DirectoryColumns();
  const file = openSync(path, "w");
  let offset = 0;
  const add = (entry: DirectoryEntry, stored: Uint8Array | undefined): void => {
    directory.append({ ...entry, offset });
    const header = encodeLocalHeader(entry);
    writeSync(file, header, 0, header.length, offset);
    offset += header.length;
    if (stored) writeSync(file, stored, 0, stored.length, offset);
    offset += entry.storedBytes;
  };
  add(zeros("fs/zeros", length), undefined);
  for (const name of ["fs/behind/", "fs/behind/a.txt", "fs/behind/b.txt"]) {
    const { entry, stored } = packedEntry({ name, content: name.endsWith("/") ? "" : `content of ${name}\n` });
    add(entry, stored);
  }
  directory.sort();
  const records = Buffer.concat([...directory.encode()]);
  const commitId = new CommitIdBuilder().update(records).finish();
  const extent = { entries: directory.length, offset, sizeBytes: records.length };
  const end = Buffer.concat([records, encodeEnd(extent, archiveComment(commitId))]);
  writeSync(file, end, 0, end.length, offset);
  ftruncateSync(file, offset + end.length);
  closeSync(file);
};
