import { ArchiveInvalid } from "../archive-invalid.ts";
import type { ByteReader, ByteWriter } from "./little-endian.ts";

/** "LB" in the file's bytes. */
export const privateFieldId = 0x424c;
export const privateFieldVersion = 1;
export const zip64FieldId = 0x0001;
export const timestampFieldId = 0x5455;
export const ownerFieldId = 0x7875;
/** Times to 100 ns, as 7-Zip and Windows tools write them; read only. */
export const ntfsFieldId = 0x000a;
export const hashBytes = 32;

/** The flags of the private field; docs/format.md has the layout. */
export const privateFlag = {
  changedWhileRead: 1,
  mayHaveChanged: 2,
  hash: 4,
  storedCrc: 8,
  wideMtime: 16,
  nanoseconds: 32,
  ctimeIsMtime: 64,
  ctime: 128,
  inode: 256,
  wideInode: 512,
  user: 1024,
  group: 2048,
} as const;

const allFlags = 4095;
const second = 1_000_000_000n;

/** What the private field holds; the seconds of mtime stand in the timestamp field unless they do not fit it. */
export interface PrivateField {
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint | undefined;
  readonly inode: bigint | undefined;
  readonly hash: Uint8Array | undefined;
  /** Undefined where it equals the content's CRC-32 (stored entries, directories). */
  readonly storedCrc: number | undefined;
  readonly changedWhileRead: boolean;
  readonly mayHaveChanged: boolean;
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** Whole seconds since 1970, rounded down, so that the nanoseconds are never negative. */
export const wholeSeconds = (ns: bigint): number => {
  const seconds = Number(ns / second);
  return ns < 0n && BigInt(seconds) * second !== ns ? seconds - 1 : seconds;
};

/** What is left of it behind the whole seconds. */
const restNanoseconds = (ns: bigint, seconds: number): number => Number(ns - BigInt(seconds) * second);

export const fitsTimestamp = (seconds: number): boolean => seconds >= -0x8000_0000 && seconds <= 0x7fff_ffff;

/** `seconds` are the whole ones of its mtime. */
export const flagsOf = (field: PrivateField, seconds: number): number => {
  const wide = !fitsTimestamp(seconds);
  return (
    (field.changedWhileRead ? privateFlag.changedWhileRead : 0) |
    (field.mayHaveChanged ? privateFlag.mayHaveChanged : 0) |
    (field.hash ? privateFlag.hash : 0) |
    (field.storedCrc === undefined ? 0 : privateFlag.storedCrc) |
    (wide ? privateFlag.wideMtime : 0) |
    (!wide && restNanoseconds(field.mtimeNs, seconds) > 0 ? privateFlag.nanoseconds : 0) |
    (field.ctimeNs === undefined ? 0 : field.ctimeNs === field.mtimeNs ? privateFlag.ctimeIsMtime : privateFlag.ctime) |
    (field.inode === undefined ? 0 : field.inode > 0xffff_ffffn ? privateFlag.wideInode : privateFlag.inode) |
    (field.user === undefined ? 0 : privateFlag.user) |
    (field.group === undefined ? 0 : privateFlag.group)
  );
};

/** Length of the field with its four bytes of id and size. */
export const privateFieldLength = (flags: number, field: PrivateField): number =>
  7 +
  (flags & privateFlag.hash ? hashBytes : 0) +
  (flags & privateFlag.storedCrc ? 4 : 0) +
  (flags & privateFlag.wideMtime ? 8 : 0) +
  (flags & privateFlag.nanoseconds ? 4 : 0) +
  (flags & privateFlag.ctime ? 8 : 0) +
  (flags & privateFlag.inode ? 4 : 0) +
  (flags & privateFlag.wideInode ? 8 : 0) +
  (field.user === undefined ? 0 : 1 + Buffer.byteLength(field.user)) +
  (field.group === undefined ? 0 : 1 + Buffer.byteLength(field.group));

const writeName = (out: ByteWriter, name: string | undefined): void => {
  if (name === undefined) return;
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length > 255) throw new Error(`The name of an owner is longer than 255 bytes: ${name}`);
  out.u8(bytes.length).raw(bytes);
};

export const writePrivateField = (
  out: ByteWriter,
  flags: number,
  { field, seconds }: { readonly field: PrivateField; readonly seconds: number },
): void => {
  out
    .u16(privateFieldId)
    .u16(privateFieldLength(flags, field) - 4)
    .u8(privateFieldVersion)
    .u16(flags);
  if (field.hash) out.raw(field.hash);
  if (field.storedCrc !== undefined) out.u32(field.storedCrc);
  if (flags & privateFlag.wideMtime) out.i64(field.mtimeNs);
  if (flags & privateFlag.nanoseconds) out.u32(restNanoseconds(field.mtimeNs, seconds));
  if (flags & privateFlag.ctime) out.i64(field.ctimeNs ?? 0n);
  if (flags & privateFlag.inode) out.u32(Number(field.inode));
  if (flags & privateFlag.wideInode) out.u64(field.inode ?? 0n);
  writeName(out, field.user);
  writeName(out, field.group);
};

const readName = (fields: ByteReader): string => fields.bytes(fields.u8()).toString("utf8");

/** Reads to the end of `fields`. `seconds` are those of the timestamp field. A version this program does not know reads as "no field". */
export const readPrivateField = (fields: ByteReader, seconds: number | undefined): PrivateField | undefined => {
  if (fields.u8() !== privateFieldVersion) return undefined;
  const flags = fields.u16();
  if (flags > allFlags) throw new ArchiveInvalid("BadExtraField", "The private field has flags that do not exist.");
  const hash = flags & privateFlag.hash ? fields.bytes(hashBytes) : undefined;
  const storedCrc = flags & privateFlag.storedCrc ? fields.u32() : undefined;
  const wideMtime = flags & privateFlag.wideMtime ? fields.i64() : undefined;
  const nanoseconds = flags & privateFlag.nanoseconds ? fields.u32() : 0;
  if (wideMtime === undefined && seconds === undefined)
    throw new ArchiveInvalid("BadExtraField", "The private field needs a timestamp field beside it.");
  const mtimeNs = wideMtime ?? BigInt(seconds ?? 0) * second + BigInt(nanoseconds);
  const ctimeNs = flags & privateFlag.ctimeIsMtime ? mtimeNs : flags & privateFlag.ctime ? fields.i64() : undefined;
  const inode =
    flags & privateFlag.inode ? BigInt(fields.u32()) : flags & privateFlag.wideInode ? fields.u64() : undefined;
  const user = flags & privateFlag.user ? readName(fields) : undefined;
  const group = flags & privateFlag.group ? readName(fields) : undefined;
  if (fields.left > 0) throw new ArchiveInvalid("BadExtraField", "The private field is longer than what it holds.");
  return {
    mtimeNs,
    ctimeNs,
    inode,
    hash,
    storedCrc,
    changedWhileRead: (flags & privateFlag.changedWhileRead) !== 0,
    mayHaveChanged: (flags & privateFlag.mayHaveChanged) !== 0,
    user,
    group,
  };
};
