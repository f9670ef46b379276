import { closeSync, constants, openSync, readSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { sliceBytes, sliceHash } from "../content/content-hash.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { withShortPath } from "./long-path.ts";

/** A whole small file, or one slice of a large one, on this machine. */
export interface FileSlice {
  /** latin1, one character a byte. */
  readonly path: string;
  readonly offset: number;
  /** At most a slice. */
  readonly length: number;
  /** The file must end where the slice ends. */
  readonly isLast: boolean;
}

export interface HashFilesJob {
  readonly slices: readonly FileSlice[];
}

export interface HashFilesResult {
  /** 32 bytes a slice; zeros where it has no hash. */
  readonly hashes: Uint8Array;
  /** `hashed`, or why there is no hash. */
  readonly states: Uint8Array;
}

export const hashState = { hashed: 0, otherLength: 1, gone: 2, unreadable: 3 } as const;

// Without O_NONBLOCK a pipe that took the file's place would be waited for.
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const goneCodes = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"]);

/** One byte more than a slice, to see whether the file goes on. */
let buffer: Buffer | undefined;

export const runHashFilesJob = ({ slices }: HashFilesJob): HashFilesResult => {
  const hashes = new Uint8Array(slices.length * hashBytes);
  const states = new Uint8Array(slices.length);
  for (const [index, slice] of slices.entries()) {
    try {
      const bytes = readSlice(slice);
      if (bytes.length === slice.length) hashes.set(sliceHash(bytes), index * hashBytes);
      else states[index] = hashState.otherLength;
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      states[index] = goneCodes.has(code) ? hashState.gone : hashState.unreadable;
    }
  }
  return { hashes, states };
};

/** The slice's bytes, fewer when the file is shorter, one more when it goes on though this should be its end. */
const readSlice = (slice: FileSlice): Buffer => {
  buffer ??= Buffer.allocUnsafeSlow(sliceBytes + 1);
  const wanted = slice.length + (slice.isLast ? 1 : 0);
  const descriptor = withShortPath(Buffer.from(slice.path, "latin1"), (short) => openSync(short, flags));
  try {
    let filled = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, filled, wanted - filled, slice.offset + filled);
      filled += count;
      // A short read is the end of a file; asking once more is not worth a system call.
      if (count === 0 || filled >= slice.length) return buffer.subarray(0, filled);
    }
  } finally {
    closeSync(descriptor);
  }
};
