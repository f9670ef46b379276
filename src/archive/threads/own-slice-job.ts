import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { LocalObject } from "../../ports/destination.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { sliceRoom } from "../content/deflate-content.ts";
import { freeResult } from "../content/free-memory.ts";
import { findSliceEnd, inflateSlice } from "../content/inflate-slice.ts";
import { readFully, readSome, withLocalObject } from "./local-object.ts";
import { writeIntoFile, type PlaceInFile } from "./write-into-file.ts";

/** Slices of a large entry that Lifeboat packed, in an archive of this machine: where do they end? */
export interface FindSlicesJob {
  readonly object: LocalObject;
  /** Where in the archive the first of them begins, and where their entry ends. */
  readonly start: number;
  readonly end: number;
  /** How many bytes of content each has. */
  readonly lengths: readonly number[];
}

export interface FindSlicesResult {
  /** Undefined: the archive is another file by now, cannot be read, or has no such slices there. */
  readonly ends: readonly number[] | undefined;
}

/** One of them, from its beginning to its end: to be read, hashed and written. */
export interface OwnSliceJob {
  readonly object: LocalObject;
  readonly start: number;
  readonly end: number;
  readonly length: number;
  readonly into?: PlaceInFile;
}

/** Its sums (large-facts.ts). */
interface OwnSlice {
  readonly sizeBytes: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly storedCrc: number;
  readonly hashes: Uint8Array;
}

export interface OwnSliceResult {
  /** Undefined: as above. */
  readonly slice: OwnSlice | undefined;
}

/** One a thread, with room for any slice. */
let buffer: Buffer | undefined;

const memoryOf = (length: number): Buffer =>
  (buffer ??= Buffer.allocUnsafeSlow(sliceRoom(sliceBytes))).subarray(0, length);

export const runFindSlicesJob = ({ object, start, end, lengths }: FindSlicesJob): FindSlicesResult => {
  const findAll = (archive: number): readonly number[] | undefined => {
    const read = (position: number, length: number): Buffer =>
      readSome(archive, memoryOf(Math.min(length, end - position)), position);
    const ends: number[] = [];
    for (const length of lengths) {
      const found = findSliceEnd(read, ends.at(-1) ?? start, length);
      if (found === undefined || found > end) return undefined;
      ends.push(found);
    }
    return ends;
  };
  return { ends: withLocalObject(object, findAll) };
};

export const runOwnSliceJob = (job: OwnSliceJob): OwnSliceResult => ({
  slice: withLocalObject(job.object, (archive) => throughSlice(archive, job)),
});

const throughSlice = (archive: number, { start, end, length, into }: OwnSliceJob): OwnSlice | undefined => {
  const stored = memoryOf(end - start);
  if (!readFully(archive, stored, start)) return undefined;
  const parts = inflateSlice(stored, length);
  if (parts === undefined) return undefined;
  const hash = createHash("sha256");
  let crc = 0;
  for (const part of parts) {
    hash.update(part);
    crc = crc32(part, crc);
  }
  if (into !== undefined) writeIntoFile(into, parts);
  for (const part of parts) if (part.buffer !== stored.buffer) freeResult(part);
  // A copy that owns its bytes: small Buffers are parts of a large one, which would travel with them.
  const hashes = Uint8Array.from(hash.digest());
  return { sizeBytes: length, crc, storedBytes: stored.length, storedCrc: crc32(stored), hashes };
};
