import { sliceHash } from "../content/content-hash.ts";
import { writeIntoFile, type PlaceInFile } from "./write-into-file.ts";

/** One slice of a large file's content: to be hashed, and written where the file has it. */
export interface SliceJob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many of them are the slice. */
  readonly length: number;
  readonly into?: PlaceInFile;
}

export interface SliceResult {
  readonly hash: Uint8Array;
  /** Those of the job, for the next one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const runSliceJob = ({ bytes, length, into }: SliceJob): SliceResult => {
  const slice = bytes.subarray(0, length);
  if (into !== undefined) writeIntoFile(into, [slice]);
  // A copy that owns its bytes: small Buffers are parts of a large one, which would travel with them.
  return { hash: Uint8Array.from(sliceHash(slice)), bytes };
};
