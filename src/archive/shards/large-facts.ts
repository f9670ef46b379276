import { crc32 } from "node:zlib";
import { combinedHash } from "../content/content-hash.ts";
import { combinedCrc } from "../content/crc-combine.ts";
import { deflated, deflateEnd } from "../content/deflate-content.ts";
import type { ContentFacts } from "../listing/entry-row.ts";
import { hashBytes } from "../records/extra-fields.ts";

/** Sums over consecutive slices of a large file. */
export interface SliceSums {
  readonly sizeBytes: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly storedCrc: number;
  /** The slices' hashes, one after another. */
  readonly hashes: Uint8Array;
}

export const noSlices: SliceSums = { sizeBytes: 0, crc: 0, storedBytes: 0, storedCrc: 0, hashes: new Uint8Array() };

export const added = (first: SliceSums, second: SliceSums): SliceSums => ({
  sizeBytes: first.sizeBytes + second.sizeBytes,
  crc: combinedCrc(first.crc, second.crc, second.sizeBytes),
  storedBytes: first.storedBytes + second.storedBytes,
  storedCrc: combinedCrc(first.storedCrc, second.storedCrc, second.storedBytes),
  // A slice of nothing behind others says only that the file ends there.
  hashes:
    first.hashes.length > 0 && second.sizeBytes === 0 ? first.hashes : Buffer.concat([first.hashes, second.hashes]),
});

/** The end of the deflate stream. */
export const streamEnd: SliceSums = {
  ...noSlices,
  storedBytes: deflateEnd.length,
  storedCrc: crc32(deflateEnd),
};

/** Of a whole file, its stream's end included. */
export const largeFacts = (sums: SliceSums, changedWhileRead: boolean): ContentFacts => {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < sums.hashes.length; at += hashBytes) hashes.push(sums.hashes.subarray(at, at + hashBytes));
  return {
    method: deflated,
    crc: sums.crc,
    sizeBytes: sums.sizeBytes,
    storedBytes: sums.storedBytes,
    hash: combinedHash(hashes),
    storedCrc: sums.storedCrc,
    changedWhileRead,
  };
};
