import { closeSync, constants, openSync } from "node:fs";
import { sliceHash } from "../content/content-hash.ts";
import { withShortPath } from "./long-path.ts";
import { writeFully } from "./write-new-file.ts";

/** One slice of a large file's content: to be hashed, and written where the file has it. */
export interface SliceJob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many of them are the slice. */
  readonly length: number;
  /** A file that exists already; `path` is latin1, one character a byte. */
  readonly into?: { readonly path: string; readonly position: number };
}

export interface SliceResult {
  readonly hash: Uint8Array;
  /** Those of the job, for the next one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const existing = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

export const runSliceJob = ({ bytes, length, into }: SliceJob): SliceResult => {
  const slice = bytes.subarray(0, length);
  if (into !== undefined) {
    const descriptor = withShortPath(Buffer.from(into.path, "latin1"), (short) => openSync(short, existing));
    try {
      writeFully(descriptor, slice, into.position);
    } finally {
      closeSync(descriptor);
    }
  }
  // A copy that owns its bytes: small Buffers are parts of a large one, which would travel with them.
  return { hash: Uint8Array.from(sliceHash(slice)), bytes };
};
