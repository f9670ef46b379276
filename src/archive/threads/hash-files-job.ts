import { closeSync, openSync, readSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { sliceBytes, sliceHash } from "../content/content-hash.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { forReading } from "./local-object.ts";
import { withShortPath } from "./long-path.ts";

/** Whole files of this machine, or the slices at one offset. As columns: an object for each costs more than to open a file. */
export interface HashFilesJob {
  /** latin1, one character a byte. */
  readonly paths: readonly string[];
  /** Of each, at most a slice. */
  readonly lengths: Float64Array;
  readonly offset: number;
  /** False where a file must end with what is read of it. */
  readonly goesOn: boolean;
}

export interface HashFilesResult {
  /** 32 bytes a path; zeros where it has no hash. */
  readonly hashes: Uint8Array;
  /** `hashed`, or why there is no hash. */
  readonly states: Uint8Array;
}

export const hashState = { hashed: 0, otherLength: 1, gone: 2, unreadable: 3 } as const;

const goneCodes = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"]);

/** One byte more than a slice, to see whether the file goes on. */
let buffer: Buffer | undefined;

export const runHashFilesJob = ({ paths, lengths, offset, goesOn }: HashFilesJob): HashFilesResult => {
  const hashes = new Uint8Array(paths.length * hashBytes);
  const states = new Uint8Array(paths.length);
  for (const [index, path] of paths.entries()) {
    const length = lengths[index] ?? 0;
    try {
      const bytes = readSlice(path, { offset, length, most: goesOn ? length : length + 1 });
      if (bytes.length === length) hashes.set(sliceHash(bytes), index * hashBytes);
      else states[index] = hashState.otherLength;
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      states[index] = goneCodes.has(code) ? hashState.gone : hashState.unreadable;
    }
  }
  return { hashes, states };
};

interface Stretch {
  readonly offset: number;
  readonly length: number;
  /** More than `length` where what comes behind it is to be noticed. */
  readonly most: number;
}

/** The slice's bytes, fewer when the file is shorter, one more when it goes on though this should be its end. */
const readSlice = (path: string, { offset, length, most }: Stretch): Buffer => {
  buffer ??= Buffer.allocUnsafeSlow(sliceBytes + 1);
  const descriptor = withShortPath(Buffer.from(path, "latin1"), (short) => openSync(short, forReading));
  try {
    let filled = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, filled, most - filled, offset + filled);
      filled += count;
      // A short read is the end of a file; asking once more is not worth a system call.
      if (count === 0 || filled >= length) return buffer.subarray(0, filled);
    }
  } finally {
    closeSync(descriptor);
  }
};
