import { hashBytes } from "../records/extra-fields.ts";
import { wideColumns } from "./row-meta.ts";

export const slabBits = 14;
export const slabRows = 2 ** slabBits;
export const kinds = ["file", "directory", "link", "other"] as const;
export const has = { mode: 4, owner: 8, ctime: 16, inode: 32, hash: 64, storedCrc: 128 } as const;
export const is = { changedWhileRead: 256, mayHaveChanged: 512 } as const;

/** Some rows of a directory, column by column. */
export const newSlab = () => ({
  state: new Uint16Array(slabRows),
  nameAt: new Uint32Array(slabRows),
  nameLength: new Uint16Array(slabRows),
  method: new Uint16Array(slabRows),
  generalFlags: new Uint16Array(slabRows),
  mode: new Uint16Array(slabRows),
  crc: new Uint32Array(slabRows),
  storedCrc: new Uint32Array(slabRows),
  uid: new Uint32Array(slabRows),
  gid: new Uint32Array(slabRows),
  sizeBytes: new Float64Array(slabRows),
  storedBytes: new Float64Array(slabRows),
  offset: new Float64Array(slabRows),
  mtime: wideColumns(slabRows),
  ctime: wideColumns(slabRows),
  inode: wideColumns(slabRows),
  hash: new Uint8Array(slabRows * hashBytes),
});

export type Slab = ReturnType<typeof newSlab>;
