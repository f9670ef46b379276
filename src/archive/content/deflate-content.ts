import { constants, deflateRawSync } from "node:zlib";
import { freeResult, leastOwned } from "./free-memory.ts";

/** Below this, trying costs no more than probing. */
const probedBytes = 32 * 1024;
const samples = 4;
const sampleBytes = 4 * 1024;
export const maxStoredBlock = 0xffff;
export const storedBlockHead = 5;
/** Smaller than zlib's default: fits a core's cache, costs nothing in size, and is set up faster for small files. */
const memLevel = 7;
const leastOutput = 64;

export const stored = 0;
export const deflated = 8;

/**
 * Ends a deflate stream made of slices: an empty last block. Slices end on a byte's border, so that it can follow any.
 */
export const deflateEnd = Buffer.from([0x03, 0x00]);

// A new zlib state every time: one that is reset gives other bytes now and then, for Node's zlib looks one byte beyond
// its input, at what the content before has left there.
const deflate = (content: Buffer, level: number, finishFlush: number = constants.Z_FINISH): Buffer => {
  // Most small ones need no second buffer then, and share memory with others.
  const chunkSize = content.length > leastOwned ? content.length : Math.max(leastOutput, content.length >> 1);
  return deflateRawSync(content, { level, memLevel, chunkSize, finishFlush });
};

/** Puts what was made of the content into its place, and lets go of where it was made. Returns its length. */
const put = (bytes: Buffer, into: Buffer, at: number): number => {
  const { length } = bytes;
  into.set(bytes, at);
  freeResult(bytes);
  return length;
};

/** One a thread: nothing lives in it from one call to the next. */
const probe = Buffer.allocUnsafeSlow(samples * sampleBytes);

/** How many bytes are looked at to see whether it is text, and how few may lie outside ASCII. */
const textSamples = 512;
const mostOfOther = textSamples / 16;

/** Of seven bits in each byte one in eight at least can be saved. */
const isText = (content: Buffer): boolean => {
  const step = Math.floor(content.length / textSamples);
  let other = 0;
  for (let sample = 0; sample < textSamples; sample++) other += (content[sample * step] ?? 0) >> 7;
  return other <= mostOfOther;
};

/** Deflates a few KiB spread over what is no text, to see whether the rest is worth it. */
const isCompressible = (content: Buffer): boolean => {
  if (content.length < probedBytes || isText(content)) return true;
  const step = Math.floor((content.length - sampleBytes) / (samples - 1));
  for (let sample = 0; sample < samples; sample++)
    content.copy(probe, sample * sampleBytes, sample * step, sample * step + sampleBytes);
  return deflate(probe, 1).length < probe.length * 0.97;
};

/**
 * Writes a whole file as it is stored to `into` from `at` on, where there must be room for all of it: deflated when that
 * makes it shorter.
 */
export const storeContent = (
  content: Buffer,
  level: number,
  { into, at }: { readonly into: Buffer; readonly at: number },
): { readonly method: 0 | 8; readonly length: number } => {
  const bytes = isCompressible(content) ? deflate(content, level) : undefined;
  if (bytes === undefined || bytes.length >= content.length) {
    into.set(content, at);
    return { method: stored, length: content.length };
  }
  return { method: deflated, length: put(bytes, into, at) };
};

/** Room that a slice needs: what does not compress becomes a little longer. */
export const sliceRoom = (contentBytes: number): number =>
  contentBytes + storedBlockHead * Math.ceil(contentBytes / maxStoredBlock);

/**
 * Writes a slice of a large file, as a piece of a deflate stream that needs nothing of what comes before it and ends on
 * a byte's border, to the start of `into`, which has `sliceRoom`. So slices can be packed anywhere and at any time, and
 * one that was read while the file changed harms no other. It costs about a thousandth in size. Returns its length.
 */
export const storeSlice = (content: Buffer, level: number, into: Buffer): number => {
  if (content.length === 0) return 0;
  const bytes = isCompressible(content) ? deflate(content, level, constants.Z_SYNC_FLUSH) : undefined;
  if (bytes === undefined || bytes.length >= content.length) return writeStoredBlocks(content, into);
  return put(bytes, into, 0);
};

/** Deflate's own blocks of uncompressed bytes: five bytes each and up to 65,535 of content. */
const writeStoredBlocks = (content: Buffer, out: Buffer): number => {
  let at = 0;
  for (let from = 0; from < content.length; from += maxStoredBlock) {
    const length = Math.min(maxStoredBlock, content.length - from);
    at = out.writeUInt8(0, at);
    at = out.writeUInt16LE(length, at);
    at = out.writeUInt16LE(~length & 0xffff, at);
    at += content.copy(out, at, from, from + length);
  }
  return at;
};
