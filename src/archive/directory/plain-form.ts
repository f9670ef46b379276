import { centralHeaderBytes } from "../records/central-encoder.ts";
import { hashBytes, privateFlag } from "../records/extra-fields.ts";
import type { Slab } from "./directory-slab.ts";

// Most records of Lifeboat's directories hold the same fields in the same order, and a directory has many: these are
// read into columns (read-plain-record.ts), and written from them (write-plain-record.ts), without an object, a string or
// a BigInt in between. What a record has beyond that (a size of 64 bits, an owner's name, another tool's fields) is for
// central-decoder.ts and central-encoder.ts, which say the same of every record.

export const max32 = 0xffff_ffff;
export const timestampBytes = 9;
export const plainFlags =
  privateFlag.changedWhileRead |
  privateFlag.mayHaveChanged |
  privateFlag.hash |
  privateFlag.storedCrc |
  privateFlag.nanoseconds |
  privateFlag.ctimeIsMtime |
  privateFlag.ctime |
  privateFlag.inode |
  privateFlag.wideInode;

/** Halves of 64-bit columns lie in memory as in a record only where the processor has the lower one first. */
export const isLowFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The most bytes that such a record has besides its name. */
export const mostPlainBytes = centralHeaderBytes + timestampBytes + 15 + 7 + hashBytes + 4 + 4 + 8 + 8;

export interface Place {
  readonly slab: Slab;
  readonly row: number;
}

/** Of the private field behind its flags; -1 for flags that do not go together. */
export const plainLength = (flags: number): number => {
  const both = (one: number): boolean => (flags & one) === one;
  if (both(privateFlag.ctime | privateFlag.ctimeIsMtime) || both(privateFlag.inode | privateFlag.wideInode)) return -1;
  return (
    (flags & privateFlag.hash ? hashBytes : 0) +
    (flags & privateFlag.storedCrc ? 4 : 0) +
    (flags & privateFlag.nanoseconds ? 4 : 0) +
    (flags & privateFlag.ctime ? 8 : 0) +
    (flags & privateFlag.inode ? 4 : 0) +
    (flags & privateFlag.wideInode ? 8 : 0)
  );
};
