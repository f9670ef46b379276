import type { BytePath } from "../domain/byte-path.ts";
import { ArchiveInvalid } from "./archive-invalid.ts";
import { centralHeaderBytes, centralSignature } from "./central-encoder.ts";
import type { DirectoryEntry, OwnerNames } from "./directory-entry.ts";
import { fromDosDateTime } from "./dos-time.ts";
import {
  ntfsFieldId,
  ownerFieldId,
  privateFieldId,
  readPrivateField,
  timestampFieldId,
  zip64FieldId,
  type PrivateField,
} from "./extra-fields.ts";
import { ByteReader } from "./little-endian.ts";
import { extraFields, readName, slashed } from "./zip-name.ts";

const max32 = 0xffff_ffff;
const second = 1_000_000_000n;
const nothing = new Uint8Array();

/** Length of the whole record that begins here; undefined when not even its fixed part is there. */
export const centralRecordExtent = (bytes: Uint8Array, at: number): number | undefined => {
  if (bytes.length - at < centralHeaderBytes) return undefined;
  const fields = new ByteReader(bytes, at + 28);
  return centralHeaderBytes + fields.u16() + fields.u16() + fields.u16();
};

/** One record of a central directory, of any tool. Owner names found in it are added to `owners`. */
export const decodeCentralRecord = (bytes: Uint8Array, at: number, owners: OwnerNames): DirectoryEntry => {
  const fields = new ByteReader(bytes, at);
  const header = readHeader(fields);
  const name = withSlashes(readName(fields, header.nameLength), header.system);
  const extra = extraFields(fields.bytes(header.extraLength));
  fields.bytes(header.commentLength);
  const sizes = wideSizes(header, extra.get(zip64FieldId) ?? nothing);
  const seconds = timestamp(extra.get(timestampFieldId));
  const { uid, gid } = owner(extra.get(ownerFieldId));
  const ours = extra.get(privateFieldId);
  const field = ours && readPrivateField(ours, seconds);
  if (field) addOwnerNames(owners, uid, gid, field);
  const { mode, kind } = unixMode(header, name, sizes.sizeBytes);
  return {
    name,
    kind,
    method: header.method,
    generalFlags: header.generalFlags,
    crc: header.crc,
    ...sizes,
    mode,
    uid,
    gid,
    mtimeNs: field?.mtimeNs ?? ntfsTime(extra.get(ntfsFieldId)) ?? BigInt(seconds ?? dosTime(header)) * second,
    ctimeNs: field?.ctimeNs,
    inode: field?.inode,
    hash: field?.hash,
    storedCrc: field && (field.storedCrc ?? header.crc),
    changedWhileRead: field?.changedWhileRead ?? false,
    mayHaveChanged: field?.mayHaveChanged ?? false,
  };
};

type Header = ReturnType<typeof readHeader>;

const readHeader = (fields: ByteReader) => {
  if (fields.u32() !== centralSignature)
    throw new ArchiveInvalid("BadRecord", `No directory record where one should be (at byte ${fields.position - 4}).`);
  fields.u8();
  const system = fields.u8();
  fields.u16();
  const generalFlags = fields.u16();
  const method = fields.u16();
  const time = fields.u16();
  const date = fields.u16();
  const crc = fields.u32();
  const storedBytes = fields.u32();
  const sizeBytes = fields.u32();
  const nameLength = fields.u16();
  const extraLength = fields.u16();
  const commentLength = fields.u16();
  const disk = fields.u16();
  if (disk !== 0 && disk !== 0xffff) throw new ArchiveInvalid("SplitArchive", "The archive is split over many files.");
  fields.u16();
  fields.u16();
  const mode = fields.u16();
  const offset = fields.u32();
  return {
    system,
    generalFlags,
    method,
    time,
    date,
    crc,
    storedBytes,
    sizeBytes,
    nameLength,
    extraLength,
    commentLength,
    mode,
    offset,
  };
};

/** Sizes and offset, from the ZIP64 field where the header says that they do not fit it. */
const wideSizes = (header: Header, bytes: Uint8Array): Pick<DirectoryEntry, "sizeBytes" | "storedBytes" | "offset"> => {
  const wide = new ByteReader(bytes);
  const value = (narrow: number): number => {
    if (narrow !== max32) return narrow;
    if (wide.left < 8) throw new ArchiveInvalid("BadExtraField", "A ZIP64 field lacks a value that its record needs.");
    return wide.size();
  };
  // In this order: so the field holds them.
  const sizeBytes = value(header.sizeBytes);
  const storedBytes = value(header.storedBytes);
  return { sizeBytes, storedBytes, offset: value(header.offset) };
};

/** Seconds since 1970 of the modification, where the field tells it. */
const timestamp = (bytes: Uint8Array | undefined): number | undefined => {
  if (!bytes || bytes.length < 5) return undefined;
  const fields = new ByteReader(bytes);
  return fields.u8() & 1 ? fields.i32() : undefined;
};

const dosTime = ({ date, time }: Header): number => fromDosDateTime(date, time);

/** Nanoseconds between 1601, where these times begin, and 1970. */
const ntfsEpoch = 11_644_473_600n * second;
const ntfsTimesTag = 1;

/** The modification in nanoseconds since 1970, where the field tells it. */
const ntfsTime = (bytes: Uint8Array | undefined): bigint | undefined => {
  // Four bytes of nothing, then the one attribute that exists: its tag and length, and three times.
  if (!bytes || bytes.length < 32) return undefined;
  const fields = new ByteReader(bytes, 4);
  if (fields.u16() !== ntfsTimesTag || fields.u16() < 24) return undefined;
  const ticks = fields.u64();
  const ns = ticks * 100n - ntfsEpoch;
  // Zero is "not told"; what nanoseconds in 64 bits cannot hold (from 2262 on) is no time either.
  return ticks === 0n || ns !== BigInt.asIntN(64, ns) ? undefined : ns;
};

const owner = (bytes: Uint8Array | undefined): Pick<DirectoryEntry, "uid" | "gid"> => {
  const unknown = { uid: undefined, gid: undefined };
  if (!bytes) return unknown;
  const fields = new ByteReader(bytes);
  if (fields.u8() !== 1) return unknown;
  const uid = id(fields.bytes(fields.u8()));
  const gid = id(fields.bytes(fields.u8()));
  return uid === undefined || gid === undefined ? unknown : { uid, gid };
};

/** Ids wider than 32 bits exist on no system this runs on: unknown. */
const id = (bytes: Buffer): number | undefined => {
  if (bytes.length === 0 || bytes.subarray(4).some((byte) => byte !== 0)) return undefined;
  return bytes.readUIntLE(0, Math.min(bytes.length, 4));
};

const addOwnerNames = (
  owners: OwnerNames,
  uid: number | undefined,
  gid: number | undefined,
  field: PrivateField,
): void => {
  if (uid !== undefined && field.user !== undefined && !owners.users.has(uid)) owners.users.set(uid, field.user);
  if (gid !== undefined && field.group !== undefined && !owners.groups.has(gid)) owners.groups.set(gid, field.group);
};

/** FAT, NTFS in both numbers that are in use, VFAT. */
const windowsSystems = new Set([0, 10, 11, 14]);

/**
 * Older Windows tools, App Service's own backups among them, separate with backslashes. Elsewhere, and beside a slash,
 * a backslash is a character like any other.
 */
const withSlashes = (name: BytePath, system: number): BytePath =>
  windowsSystems.has(system) && !name.includes("/") ? slashed(name) : name;

const unixSystems = new Set([3, 19]);

const plainFile = 0o100000;
/** With content it is what zip has read from one: `mysqldump | zip` makes such entries. */
const pipe = 0o010000;

const unixMode = (header: Header, name: BytePath, sizeBytes: number): Pick<DirectoryEntry, "mode" | "kind"> => {
  const unix = unixSystems.has(header.system) && header.mode !== 0;
  const mode = unix ? header.mode & 0o7777 : undefined;
  if (name.endsWith("/")) return { mode, kind: "directory" };
  const type = unix ? header.mode & 0o170000 : 0;
  if (type === 0o120000) return { mode, kind: "link" };
  const isFile = type === 0 || type === plainFile || (type === pipe && sizeBytes > 0);
  return { mode, kind: isFile ? "file" : "other" };
};
