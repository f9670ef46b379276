import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { LocalObject } from "../../ports/destination.ts";
import { freeResult } from "../content/free-memory.ts";
import { inflateSlice, mostStoredBytes, type StoredBytes } from "../content/inflate-slice.ts";
import { readFully, withLocalObject } from "./local-object.ts";
import { writeIntoFile, type PlaceInFile } from "./write-into-file.ts";

/** One slice of a large entry that Lifeboat packed, in an archive of this machine: to be read, hashed and written. */
export interface OwnSliceJob {
  readonly object: LocalObject;
  /** Where in the archive the slice begins, and where its entry ends. */
  readonly start: number;
  readonly end: number;
  /** How many bytes of content it has. */
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
  /** Undefined: the archive is another file by now, cannot be read, or has no such slice there. */
  readonly slice: OwnSlice | undefined;
}

/** One a thread. */
let buffer: Buffer | undefined;

export const runOwnSliceJob = (job: OwnSliceJob): OwnSliceResult => ({
  slice: withLocalObject(job.object, (archive) => throughSlice(job, archive)),
});

const throughSlice = (job: OwnSliceJob, archive: number): OwnSlice | undefined => {
  const stored = storedFrom(archive, job);
  const inflated = inflateSlice(stored, job.length);
  if (inflated === undefined) return undefined;
  const { parts, storedBytes } = inflated;
  const hash = createHash("sha256");
  let crc = 0;
  for (const part of parts) {
    hash.update(part);
    crc = crc32(part, crc);
  }
  if (job.into !== undefined) writeIntoFile(job.into, parts);
  const storedCrc = crc32(stored(storedBytes).subarray(0, storedBytes));
  for (const part of parts) if (part.buffer !== buffer?.buffer) freeResult(part);
  // A copy that owns its bytes: small Buffers are parts of a large one, which would travel with them.
  return { sizeBytes: job.length, crc, storedBytes, storedCrc, hashes: Uint8Array.from(hash.digest()) };
};

/** Reads on as more is asked for. What cannot be read is as if it were not there. */
const storedFrom = (archive: number, { start, end }: OwnSliceJob): StoredBytes => {
  const memory = (buffer ??= Buffer.allocUnsafeSlow(mostStoredBytes));
  const most = Math.min(end - start, memory.length);
  let filled = 0;
  return (length) => {
    const more = memory.subarray(filled, Math.min(length, most));
    if (more.length > 0 && readFully(archive, more, start + filled)) filled += more.length;
    return memory.subarray(0, filled);
  };
};
