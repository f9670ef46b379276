import { centralHeaderBytes, centralSignature } from "../records/central-encoder.ts";
import {
  hashBytes,
  ownerFieldId,
  privateFieldId,
  privateFieldVersion,
  privateFlag,
  timestampFieldId,
} from "../records/extra-fields.ts";
import { has, is, kinds } from "./directory-slab.ts";
import { isLowFirst, max32, plainFlags, plainLength, timestampBytes, type Place } from "./plain-form.ts";
import { billion, copyWide, setHalves, setTime } from "./wide-time.ts";

const slash = 0x2f;
const dot = 0x2e;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const i32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) | (u16(bytes, at + 2) << 16);
const u32 = (bytes: Uint8Array, at: number): number => i32(bytes, at) >>> 0;

/** Reads the record that lies from `at` to `end` into a row, its name excepted. False: it is not plain, and the row is not filled. */
export const readPlainRecord = (
  bytes: Uint8Array,
  { at, end }: { readonly at: number; readonly end: number },
  { slab, row }: Place,
): boolean => {
  const nameBytes = u16(bytes, at + 28);
  const name = at + centralHeaderBytes;
  const timestamp = name + nameBytes;
  const owner = timestamp + timestampBytes;
  const [storedBytes, sizeBytes, offset] = [u32(bytes, at + 20), u32(bytes, at + 24), u32(bytes, at + 42)];
  const isPlain =
    isLowFirst &&
    owner + 4 <= end &&
    i32(bytes, at) === centralSignature &&
    bytes[at + 5] === 3 &&
    u16(bytes, at + 32) === 0 &&
    u16(bytes, at + 34) === 0 &&
    storedBytes !== max32 &&
    sizeBytes !== max32 &&
    offset !== max32 &&
    u16(bytes, timestamp) === timestampFieldId &&
    u16(bytes, timestamp + 2) === 5 &&
    bytes[timestamp + 4] === 1 &&
    !(bytes[name] === dot && bytes[name + 1] === slash);
  const kind = kindOf(u16(bytes, at + 40), nameBytes > 0 && bytes[timestamp - 1] === slash);
  if (!isPlain || kind < 0) return false;
  const ours = readOwner(bytes, { at: owner, end }, { slab, row });
  if (ours < 0 || u16(bytes, at + 30) !== end - timestamp) return false;
  slab.crc[row] = u32(bytes, at + 16);
  const state = readOurs(bytes, { at: ours, end, seconds: i32(bytes, timestamp + 5) }, { slab, row });
  if (state < 0) return false;
  slab.state[row] = kind | has.mode | has.owner | state;
  slab.generalFlags[row] = u16(bytes, at + 8);
  slab.method[row] = u16(bytes, at + 10);
  slab.mode[row] = u16(bytes, at + 40) & 0o7777;
  slab.storedBytes[row] = storedBytes;
  slab.sizeBytes[row] = sizeBytes;
  slab.offset[row] = offset;
  return true;
};

/** -1: none that plain records have. */
const kindOf = (mode: number, isFolder: boolean): number => {
  if (mode === 0) return -1;
  if (isFolder) return kinds.indexOf("directory");
  const type = mode & 0o170000;
  return type === 0o100000 ? kinds.indexOf("file") : type === 0o120000 ? kinds.indexOf("link") : -1;
};

/** Reads the owner's field; returns where it ends, or -1. */
const readOwner = (
  bytes: Uint8Array,
  { at, end }: { readonly at: number; readonly end: number },
  { slab, row }: Place,
): number => {
  const uidBytes = bytes[at + 5] ?? 0;
  const gidBytes = bytes[at + 6 + uidBytes] ?? 0;
  const isPlain =
    u16(bytes, at) === ownerFieldId &&
    bytes[at + 4] === 1 &&
    (uidBytes === 2 || uidBytes === 4) &&
    (gidBytes === 2 || gidBytes === 4) &&
    u16(bytes, at + 2) === 3 + uidBytes + gidBytes &&
    at + 7 + uidBytes + gidBytes <= end;
  if (!isPlain) return -1;
  slab.uid[row] = uidBytes === 2 ? u16(bytes, at + 6) : u32(bytes, at + 6);
  const gid = at + 7 + uidBytes;
  slab.gid[row] = gidBytes === 2 ? u16(bytes, gid) : u32(bytes, gid);
  return gid + gidBytes;
};

/** Reads the private field; returns what it says of the row's state, or -1. `seconds` are those of mtime. */
const readOurs = (
  bytes: Uint8Array,
  { at, end, seconds }: { readonly at: number; readonly end: number; readonly seconds: number },
  { slab, row }: Place,
): number => {
  const flags = u16(bytes, at + 5);
  const isPlain =
    at + 7 <= end &&
    u16(bytes, at) === privateFieldId &&
    at + 4 + u16(bytes, at + 2) === end &&
    bytes[at + 4] === privateFieldVersion &&
    (flags & ~plainFlags) === 0 &&
    at + 7 + plainLength(flags) === end;
  if (!isPlain) return -1;
  let from = at + 7;
  if (flags & privateFlag.hash) {
    for (let byte = 0; byte < hashBytes; byte++) slab.hash[row * hashBytes + byte] = bytes[from + byte] ?? 0;
    from += hashBytes;
  }
  slab.storedCrc[row] = flags & privateFlag.storedCrc ? u32(bytes, from) : (slab.crc[row] ?? 0);
  if (flags & privateFlag.storedCrc) from += 4;
  const rest = flags & privateFlag.nanoseconds ? u32(bytes, from) : 0;
  if (rest >= billion) return -1;
  if (flags & privateFlag.nanoseconds) from += 4;
  setTime(slab.mtime.halves, row, { seconds, rest });
  from = readWide(bytes, from, { halves: slab.ctime.halves, row, bytes: flags & privateFlag.ctime ? 8 : 0 });
  if (flags & privateFlag.ctimeIsMtime) copyWide(slab.mtime.halves, slab.ctime.halves, row);
  const inodeBytes = flags & privateFlag.inode ? 4 : flags & privateFlag.wideInode ? 8 : 0;
  readWide(bytes, from, { halves: slab.inode.halves, row, bytes: inodeBytes });
  return stateOf(flags);
};

const stateOf = (flags: number): number =>
  has.storedCrc |
  (flags & (privateFlag.ctime | privateFlag.ctimeIsMtime) ? has.ctime : 0) |
  (flags & (privateFlag.inode | privateFlag.wideInode) ? has.inode : 0) |
  (flags & privateFlag.hash ? has.hash : 0) |
  (flags & privateFlag.changedWhileRead ? is.changedWhileRead : 0) |
  (flags & privateFlag.mayHaveChanged ? is.mayHaveChanged : 0);

/** Returns where the number of 0, 4 or 8 bytes ends. */
const readWide = (
  bytes: Uint8Array,
  at: number,
  to: { readonly halves: Uint32Array; readonly row: number; readonly bytes: number },
): number => {
  const low = to.bytes > 0 ? u32(bytes, at) : 0;
  setHalves(to.halves, to.row, { low, high: to.bytes === 8 ? u32(bytes, at + 4) : 0 });
  return at + to.bytes;
};
