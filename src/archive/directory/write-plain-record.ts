import { centralHeaderBytes, centralSignature } from "../records/central-encoder.ts";
import { dosDateTime } from "../records/dos-time.ts";
import {
  hashBytes,
  ownerFieldId,
  privateFieldId,
  privateFieldVersion,
  privateFlag,
  timestampFieldId,
} from "../records/extra-fields.ts";
import { has, is } from "./directory-slab.ts";
import { isLowFirst, max32, plainLength, timestampBytes, type Place } from "./plain-form.ts";
import { timeOf } from "./wide-time.ts";

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
  const time = timeOf(slab.mtime.halves, row);
  const nameBytes = slab.nameLength[row] ?? 0;
  const wants = has.mode | has.owner;
  const [storedBytes = 0, sizeBytes = 0] = [slab.storedBytes[row], slab.sizeBytes[row]];
  const isPlain = isLowFirst && (state & wants) === wants && storedBytes < max32 && sizeBytes < max32 && offset < max32;
  if (!isPlain || unixType[state & 3] === undefined || time === undefined) return -1;
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
  writeFixed({ slab, row, offset }, { seconds: time.seconds, extraBytes: end - timestamp }, { out, at });
  return end;
};

/** What stands before the name. */
const writeFixed = (
  { slab, row, offset }: Place & { readonly offset: number },
  { seconds, extraBytes }: { readonly seconds: number; readonly extraBytes: number },
  { out, at }: { readonly out: Uint8Array; readonly at: number },
): void => {
  const state = slab.state[row] ?? 0;
  const isFolder = (state & 3) === 1;
  const { date, time } = dosDateTime(seconds);
  put32(out, at, centralSignature);
  put16(out, at + 4, 30 | (3 << 8));
  put16(out, at + 6, slab.method[row] === deflated || (state & 3) !== 0 ? 20 : 10);
  put16(out, at + 8, 0);
  put16(out, at + 10, slab.method[row] ?? 0);
  put16(out, at + 12, time);
  put16(out, at + 14, date);
  put32(out, at + 16, slab.crc[row] ?? 0);
  put32(out, at + 20, slab.storedBytes[row] ?? 0);
  put32(out, at + 24, slab.sizeBytes[row] ?? 0);
  put16(out, at + 28, slab.nameLength[row] ?? 0);
  put16(out, at + 30, extraBytes);
  put32(out, at + 32, 0);
  put16(out, at + 36, 0);
  put16(out, at + 38, isFolder ? dosDirectory : 0);
  put16(out, at + 40, (unixType[state & 3] ?? 0) | (slab.mode[row] ?? 0));
  put32(out, at + 42, offset);
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
