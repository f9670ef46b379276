import { constants, inflateRawSync } from "node:zlib";
import { isCode } from "../../domain/error-code.ts";
import { sliceBytes } from "./content-hash.ts";
import { maxStoredBlock, sliceRoom, storedBlockHead } from "./deflate-content.ts";
import { freeResult } from "./free-memory.ts";

/** What a sync flush ends with: the lengths of an empty block. */
const flushed = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** The same bytes may lie within a slice by chance, once in four gigabytes. */
const mostEnds = 3;
const readAtATime = 2 ** 20;

export interface InflatedSlice {
  /** Its content, one part behind the other. */
  readonly parts: readonly Buffer[];
  /** How many bytes it takes in the archive. */
  readonly storedBytes: number;
}

/** What is stored from a slice's begin on: at least the first `length` bytes, or all up to the entry's end. */
export type StoredBytes = (length: number) => Buffer;

/** How many bytes are asked for at most. */
export const mostStoredBytes = sliceRoom(sliceBytes) + readAtATime;

/**
 * The slice of `length` bytes that begins where `stored` does, as `storeSlice` wrote it; undefined when it did not.
 * Nothing in an archive tells where a slice ends, and nothing is checked here but its length.
 */
export const inflateSlice = (stored: StoredBytes, length: number): InflatedSlice | undefined =>
  storedBlocks(stored, length) ?? deflatedSlice(stored, length);

const storedBlocks = (stored: StoredBytes, length: number): InflatedSlice | undefined => {
  if (!isBlockHead(stored(storedBlockHead), 0, Math.min(maxStoredBlock, length))) return undefined;
  const storedBytes = sliceRoom(length);
  const bytes = stored(storedBytes);
  const parts: Buffer[] = [];
  let at = 0;
  for (let left = length; left > 0;) {
    const part = Math.min(maxStoredBlock, left);
    if (!isBlockHead(bytes, at, part)) return undefined;
    at += storedBlockHead;
    parts.push(bytes.subarray(at, at + part));
    at += part;
    left -= part;
  }
  return at <= bytes.length ? { parts, storedBytes } : undefined;
};

const isBlockHead = (bytes: Buffer, at: number, length: number): boolean =>
  at + storedBlockHead <= bytes.length &&
  bytes[at] === 0 &&
  bytes.readUInt16LE(at + 1) === length &&
  bytes.readUInt16LE(at + 3) === (~length & 0xffff);

const deflatedSlice = (stored: StoredBytes, length: number): InflatedSlice | undefined => {
  // One that is not shorter than its content would have been stored.
  for (let searched = 0, ends = 0; searched < length && ends < mostEnds;) {
    const bytes = stored(searched + readAtATime);
    const found = bytes.indexOf(flushed, searched);
    if (found < 0) {
      if (bytes.length < searched + readAtATime) return undefined;
      searched = bytes.length - flushed.length + 1;
      continue;
    }
    const storedBytes = found + flushed.length;
    const content = inflatedTo(length, bytes.subarray(0, storedBytes));
    if (content === undefined) return undefined;
    if (content.length === length) return { parts: [content], storedBytes };
    freeResult(content);
    searched = found + 1;
    ends++;
  }
  return undefined;
};

/** What comes out of it; undefined when that is more than `length`, or nothing that can be inflated. */
const inflatedTo = (length: number, bytes: Buffer): Buffer | undefined => {
  const chunkSize = length + 1;
  try {
    return inflateRawSync(bytes, { chunkSize, maxOutputLength: length, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (isCode(error, "Z_DATA_ERROR", "ERR_BUFFER_TOO_LARGE")) return undefined;
    throw error;
  }
};
