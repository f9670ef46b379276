import { constants, deflateRawSync } from "node:zlib";

/** Below this, trying costs no more than probing. */
const probedBytes = 32 * 1024;
const samples = 4;
const sampleBytes = 4 * 1024;
const maxStoredBlock = 0xffff;
/** Smaller than zlib's default: fits a core's cache, costs nothing in size, and is set up faster for small files. */
const memLevel = 7;

export const stored = 0;
export const deflated = 8;

/**
 * Ends a deflate stream made of slices: an empty last block. Slices end on a byte's border, so that it can follow any.
 */
export const deflateEnd = Buffer.from([0x03, 0x00]);

/** Deflates a few KiB spread over the content to see whether the rest is worth it. */
const isCompressible = (content: Buffer): boolean => {
  if (content.length < probedBytes) return true;
  const step = Math.floor((content.length - sampleBytes) / (samples - 1));
  const probe = Buffer.concat(
    Array.from({ length: samples }, (_, sample) => content.subarray(sample * step, sample * step + sampleBytes)),
  );
  return deflateRawSync(probe, { level: 1, memLevel }).length < probe.length * 0.97;
};

/** A whole file as it is stored: deflated when that makes it shorter. The bytes may be those given. */
export const storedContent = (content: Buffer, level: number): { readonly method: 0 | 8; readonly bytes: Buffer } => {
  if (!isCompressible(content)) return { method: stored, bytes: content };
  const bytes = deflateRawSync(content, { level, memLevel });
  return bytes.length < content.length ? { method: deflated, bytes } : { method: stored, bytes: content };
};

/**
 * A slice of a large file as a piece of a deflate stream that needs nothing of what comes before it and ends on a
 * byte's border. So slices can be packed anywhere and at any time, and one that was read while the file changed harms
 * no other. It costs about a thousandth in size.
 */
export const deflatedSlice = (content: Buffer, level: number): Buffer => {
  if (!isCompressible(content)) return storedBlocks(content);
  const bytes = deflateRawSync(content, {
    level,
    memLevel,
    chunkSize: 256 * 1024,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  return bytes.length < content.length ? bytes : storedBlocks(content);
};

/** Deflate's own blocks of uncompressed bytes: five bytes each and up to 65,535 of content. */
const storedBlocks = (content: Buffer): Buffer => {
  const blocks = Math.ceil(content.length / maxStoredBlock);
  const out = Buffer.allocUnsafe(content.length + blocks * 5);
  let at = 0;
  for (let from = 0; from < content.length; from += maxStoredBlock) {
    const length = Math.min(maxStoredBlock, content.length - from);
    at = out.writeUInt8(0, at);
    at = out.writeUInt16LE(length, at);
    at = out.writeUInt16LE(~length & 0xffff, at);
    at += content.copy(out, at, from, from + length);
  }
  return out;
};
