import { centralHeaderBytes, centralSignature } from "../records/central-encoder.ts";
import { has, is, kinds, type Slab } from "./directory-slab.ts";
import { dosDateTime } from "../records/dos-time.ts";
import {
  hashBytes,
  ownerFieldId,
  privateFieldId,
  privateFieldVersion,
  privateFlag,
  timestampFieldId,
} from "../records/extra-fields.ts";

// Most records of Lifeboat's directories hold the same fields in the same order, and a directory has many: these are
// read into columns, and written from them, without an object, a string or a BigInt in between. What a record has
// beyond that (a size of 64 bits, an owner's name, another tool's fields) is for central-decoder.ts and
// central-encoder.ts, which say the same of every record.

const max32 = 0xffff_ffff;
const timestampBytes = 9;
const billion = 1_000_000_000;
const slash = 0x2f;
const dot = 0x2e;
const plainFlags =
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
const isLowFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const i32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) | (u16(bytes, at + 2) << 16);
const u32 = (bytes: Uint8Array, at: number): number => i32(bytes, at) >>> 0;

/** The most bytes that such a record has besides its name. */
export const mostPlainBytes = centralHeaderBytes + timestampBytes + 15 + 7 + hashBytes + 4 + 4 + 8 + 8;

interface Place {
  readonly slab: Slab;
  readonly row: number;
}

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

/** Of the private field behind its flags; -1 for flags that do not go together. */
const plainLength = (flags: number): number => {
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

const setHalves = (
  halves: Uint32Array,
  row: number,
  { low, high }: { readonly low: number; readonly high: number },
): void => {
  halves[2 * row] = low;
  halves[2 * row + 1] = high;
};

const copyWide = (from: Uint32Array, to: Uint32Array, row: number): void =>
  setHalves(to, row, { low: from[2 * row] ?? 0, high: from[2 * row + 1] ?? 0 });

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

interface Time {
  /** A signed number of 32 bits. */
  readonly seconds: number;
  /** Nanoseconds behind it, less than a second. */
  readonly rest: number;
}

const two16 = 2 ** 16;
const two32 = 2 ** 32;

/** Seconds times 10^9, plus the rest: in parts that doubles hold exactly. */
const setTime = (halves: Uint32Array, row: number, { seconds, rest }: Time): void => {
  const upper = Math.floor(seconds / two16);
  const scaled = upper * billion;
  const high = Math.floor(scaled / two16);
  const low = (scaled - high * two16) * two16 + (seconds - upper * two16) * billion + rest;
  const carried = Math.floor(low / two32);
  setHalves(halves, row, { low: low - carried * two32, high: high + carried });
};

/** The way back. Undefined: the seconds have more than 32 bits. */
const timeOf = (halves: Uint32Array, row: number): Time | undefined => {
  const low = halves[2 * row] ?? 0;
  const high = (halves[2 * row + 1] ?? 0) | 0;
  let seconds = Math.floor((high * two32 + low) / billion);
  if (seconds < -0x7fff_ffff || seconds > 0x7fff_fffe) return undefined;
  // A double is at most one second off; the low halves tell which way.
  let rest = (low - Math.imul(seconds, billion)) >>> 0;
  if (rest >= 2 * billion) {
    seconds--;
    rest = (rest + billion) >>> 0;
  } else if (rest >= billion) {
    seconds++;
    rest -= billion;
  }
  return { seconds, rest };
};

const put16 = (out: Uint8Array, at: number, value: number): void => {
  out[at] = value;
  out[at + 1] = value >>> 8;
};
const put32 = (out: Uint8Array, at: number, value: number): void => {
  put16(out, at, value);
  put16(out, at + 2, value >>> 16);
};

const unixType = [0o100000, 0o040000, 0o120000] as const;
const dosDirectory = 0x10;
const deflated = 8;

/**
 * Writes the record of a row whose data begins at `offset` to `at`, where there are `mostPlainBytes` and room for the
 * name; returns its end, or -1: it is not plain.
 */
export const writePlainRecord = (
  { slab, row, offset }: Place & { readonly offset: number },
  name: { readonly bytes: Uint8Array; readonly at: number },
  { out, at }: { readonly out: Uint8Array; readonly at: number },
): number => {
  const state = slab.state[row] ?? 0;
  const type = unixType[state & 3];
  const time = timeOf(slab.mtime.halves, row);
  const nameBytes = slab.nameLength[row] ?? 0;
  const wants = has.mode | has.owner;
  const [storedBytes = 0, sizeBytes = 0] = [slab.storedBytes[row], slab.sizeBytes[row]];
  const isPlain = isLowFirst && (state & wants) === wants && storedBytes < max32 && sizeBytes < max32 && offset < max32;
  if (!isPlain || type === undefined || time === undefined) return -1;
  const timestamp = at + centralHeaderBytes + nameBytes;
  for (let byte = 0; byte < nameBytes; byte++) {
    const value = name.bytes[name.at + byte] ?? 0;
    if (value > 0x7f) return -1;
    out[at + centralHeaderBytes + byte] = value;
  }
  put16(out, timestamp, timestampFieldId);
  put16(out, timestamp + 2, 5);
  out[timestamp + 4] = 1;
  put32(out, timestamp + 5, time.seconds);
  const ours = writeOwner({ slab, row }, out, timestamp + timestampBytes);
  const end = writeOurs({ slab, row }, time.rest, { out, at: ours });
  const isFolder = (state & 3) === 1;
  const { date, time: dosTime } = dosDateTime(time.seconds);
  put32(out, at, centralSignature);
  put16(out, at + 4, 30 | (3 << 8));
  put16(out, at + 6, slab.method[row] === deflated || (state & 3) !== 0 ? 20 : 10);
  put16(out, at + 8, 0);
  put16(out, at + 10, slab.method[row] ?? 0);
  put16(out, at + 12, dosTime);
  put16(out, at + 14, date);
  put32(out, at + 16, slab.crc[row] ?? 0);
  put32(out, at + 20, storedBytes);
  put32(out, at + 24, sizeBytes);
  put16(out, at + 28, nameBytes);
  put16(out, at + 30, end - timestamp);
  put32(out, at + 32, 0);
  put16(out, at + 36, 0);
  put16(out, at + 38, isFolder ? dosDirectory : 0);
  put16(out, at + 40, type | (slab.mode[row] ?? 0));
  put32(out, at + 42, offset);
  return end;
};

const idBytes = (id: number): number => (id <= 0xffff ? 2 : 4);

const writeOwner = ({ slab, row }: Place, out: Uint8Array, at: number): number => {
  const uid = slab.uid[row] ?? 0;
  const gid = slab.gid[row] ?? 0;
  put16(out, at, ownerFieldId);
  put16(out, at + 2, 3 + idBytes(uid) + idBytes(gid));
  out[at + 4] = 1;
  let to = at + 5;
  for (const id of [uid, gid]) {
    out[to] = idBytes(id);
    if (idBytes(id) === 2) put16(out, to + 1, id);
    else put32(out, to + 1, id);
    to += 1 + idBytes(id);
  }
  return to;
};

const writeOurs = (
  { slab, row }: Place,
  rest: number,
  { out, at }: { readonly out: Uint8Array; readonly at: number },
): number => {
  const state = slab.state[row] ?? 0;
  const { halves: mtime } = slab.mtime;
  const { halves: ctime } = slab.ctime;
  const isSame = ctime[2 * row] === mtime[2 * row] && ctime[2 * row + 1] === mtime[2 * row + 1];
  const inode = slab.inode.halves;
  const hasStoredCrc = (state & has.storedCrc) !== 0 && slab.storedCrc[row] !== slab.crc[row];
  const flags =
    (state & is.changedWhileRead ? privateFlag.changedWhileRead : 0) |
    (state & is.mayHaveChanged ? privateFlag.mayHaveChanged : 0) |
    (state & has.hash ? privateFlag.hash : 0) |
    (hasStoredCrc ? privateFlag.storedCrc : 0) |
    (rest > 0 ? privateFlag.nanoseconds : 0) |
    (state & has.ctime ? (isSame ? privateFlag.ctimeIsMtime : privateFlag.ctime) : 0) |
    (state & has.inode ? ((inode[2 * row + 1] ?? 0) > 0 ? privateFlag.wideInode : privateFlag.inode) : 0);
  const length = 7 + plainLength(flags);
  put16(out, at, privateFieldId);
  put16(out, at + 2, length - 4);
  out[at + 4] = privateFieldVersion;
  put16(out, at + 5, flags);
  let to = at + 7;
  if (flags & privateFlag.hash) {
    for (let byte = 0; byte < hashBytes; byte++) out[to + byte] = slab.hash[row * hashBytes + byte] ?? 0;
    to += hashBytes;
  }
  if (flags & privateFlag.storedCrc) to = put32At(out, to, slab.storedCrc[row] ?? 0);
  if (flags & privateFlag.nanoseconds) to = put32At(out, to, rest);
  if (flags & privateFlag.ctime) to = put32At(out, put32At(out, to, ctime[2 * row] ?? 0), ctime[2 * row + 1] ?? 0);
  if (flags & (privateFlag.inode | privateFlag.wideInode)) to = put32At(out, to, inode[2 * row] ?? 0);
  if (flags & privateFlag.wideInode) to = put32At(out, to, inode[2 * row + 1] ?? 0);
  return to;
};

const put32At = (out: Uint8Array, at: number, value: number): number => {
  put32(out, at, value);
  return at + 4;
};
