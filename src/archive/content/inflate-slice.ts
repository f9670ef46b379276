import { constants, inflateRawSync } from "node:zlib";
import { isCode } from "../../domain/error-code.ts";
import { maxStoredBlock, sliceRoom, storedBlockHead } from "./deflate-content.ts";

/** What a deflated slice ends with: the lengths of an empty block (a sync flush). */
const flushed = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Reads so many bytes from there on, fewer only where there are no more; good until the next call. */
export type ReadStored = (position: number, length: number) => Buffer;

const readAtATime = 2 ** 20;

/**
 * Where the slice ends that begins at `start` and holds `length` bytes. Nothing in an archive tells, so it is what looks
 * like its end: inside of a deflated slice, that may lie by chance, once in four gigabytes. Undefined when nothing does.
 */
export const findSliceEnd = (read: ReadStored, start: number, length: number): number | undefined => {
  if (isBlockHead(read(start, storedBlockHead), 0, Math.min(maxStoredBlock, length))) return start + sliceRoom(length);
  // One that is not shorter than its content would have been stored.
  for (let at = start; at < start + length; at += readAtATime - flushed.length + 1) {
    const bytes = read(at, readAtATime);
    const found = bytes.indexOf(flushed);
    const end = at + found + flushed.length;
    if (found >= 0) return end - start < length ? end : undefined;
    if (bytes.length < readAtATime) return undefined;
  }
  return undefined;
};

/** The content of one slice, part by part; undefined when these are not the bytes of a slice with so much of it. */
export const inflateSlice = (stored: Buffer, length: number): readonly Buffer[] | undefined =>
  stored.length === sliceRoom(length) ? blockContents(stored, length) : deflatedContent(stored, length);

const isBlockHead = (bytes: Buffer, at: number, length: number): boolean =>
  at + storedBlockHead <= bytes.length &&
  bytes[at] === 0 &&
  bytes.readUInt16LE(at + 1) === length &&
  bytes.readUInt16LE(at + 3) === (~length & 0xffff);

const blockContents = (stored: Buffer, length: number): readonly Buffer[] | undefined => {
  const parts: Buffer[] = [];
  let at = 0;
  for (let left = length; left > 0;) {
    const part = Math.min(maxStoredBlock, left);
    if (!isBlockHead(stored, at, part)) return undefined;
    at += storedBlockHead;
    parts.push(stored.subarray(at, at + part));
    at += part;
    left -= part;
  }
  return parts;
};

const deflatedContent = (stored: Buffer, length: number): readonly Buffer[] | undefined => {
  // One byte more than what should come, so that zlib needs no second buffer to see the end.
  const options = { chunkSize: length + 1, maxOutputLength: length, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    const content = inflateRawSync(stored, options);
    return content.length === length ? [content] : undefined;
  } catch (error) {
    if (isCode(error, "Z_DATA_ERROR", "ERR_BUFFER_TOO_LARGE")) return undefined;
    throw error;
  }
};
