import type { BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { centralHeaderBytes, centralSignature } from "./central-encoder.ts";
import type { DirectoryEntry, OwnerNames } from "./directory-entry.ts";
import { fromDosDateTime } from "./dos-time.ts";
import { readPrivateField, type PrivateField } from "./extra-fields.ts";
import { knownFields, within } from "./known-fields.ts";
import { ByteReader } from "./little-endian.ts";
import { readName, slashed } from "./zip-name.ts";

const max32 = 0xffff_ffff;
const second = 1_000_000_000n;

/** Length of the whole record that begins here; undefined when not even its fixed part is there. */
export const centralRecordExtent = (bytes: Uint8Array, at: number): number | undefined => {
  if (bytes.length - at < centralHeaderBytes) return undefined;
  return centralHeaderBytes + u16(bytes, at + 28) + u16(bytes, at + 30) + u16(bytes, at + 32);
};

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);

/** One record of a central directory, of any tool. Owner names found in it are added to `owners`. */
export const decodeCentralRecord = (bytes: Uint8Array, at: number, owners: OwnerNames): DirectoryEntry =>
  decodeNextRecord(new ByteReader(bytes, at), owners);

/** The same for the record at which `fields` stands; afterwards it stands behind it. */
export const decodeNextRecord = (fields: ByteReader, owners: OwnerNames): DirectoryEntry => {
  const { end } = fields;
  const header = readHeader(fields);
  const name = withSlashes(readName(fields, header.nameLength), header.system);
  const extra = knownFields(fields, header.extraLength);
  fields.skip(header.commentLength);
  const behind = fields.position;
  const sizes = wideSizes(header, within(fields, extra.zip64));
  const seconds = timestamp(within(fields, extra.timestamp));
  const { uid, gid } = owner(within(fields, extra.owner));
  const field = extra.ours && readPrivateField(within(fields, extra.ours), seconds);
  const mtimeNs = field?.mtimeNs ?? ntfsTime(within(fields, extra.ntfs)) ?? BigInt(seconds ?? dosTime(header)) * second;
  fields.move(behind, end);
  if (field) addOwnerNames(owners, uid, gid, field);
  const { mode, kind } = unixMode(header, name, sizes.sizeBytes);
  return {
    name,
    kind,
    method: header.method,
    generalFlags: header.generalFlags,
    crc: header.crc,
    sizeBytes: sizes.sizeBytes,
    storedBytes: sizes.storedBytes,
    offset: sizes.offset,
    mode,
    uid,
    gid,
    mtimeNs,
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
  fields.skip(1);
  const system = fields.u8();
  fields.skip(2);
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
  fields.skip(4);
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
const wideSizes = (header: Header, wide: ByteReader): Pick<DirectoryEntry, "sizeBytes" | "storedBytes" | "offset"> => {
  // In this order: so the field holds them.
  const sizeBytes = wideValue(header.sizeBytes, wide);
  const storedBytes = wideValue(header.storedBytes, wide);
  return { sizeBytes, storedBytes, offset: wideValue(header.offset, wide) };
};

const wideValue = (narrow: number, wide: ByteReader): number => {
  if (narrow !== max32) return narrow;
  if (wide.left < 8) throw new ArchiveInvalid("BadExtraField", "A ZIP64 field lacks a value that its record needs.");
  return wide.size();
};

/** Seconds since 1970 of the modification, where the field tells it. */
const timestamp = (fields: ByteReader): number | undefined =>
  fields.left >= 5 && fields.u8() & 1 ? fields.i32() : undefined;

const dosTime = ({ date, time }: Header): number => fromDosDateTime(date, time);

/** Nanoseconds between 1601, where these times begin, and 1970. */
const ntfsEpoch = 11_644_473_600n * second;
const ntfsTimesTag = 1;

/** The modification in nanoseconds since 1970, where the field tells it. */
const ntfsTime = (fields: ByteReader): bigint | undefined => {
  // Four bytes of nothing, then the one attribute that exists: its tag and length, and three times.
  if (fields.left < 32) return undefined;
  fields.skip(4);
  if (fields.u16() !== ntfsTimesTag || fields.u16() < 24) return undefined;
  const ticks = fields.u64();
  const ns = ticks * 100n - ntfsEpoch;
  // Zero is "not told"; what nanoseconds in 64 bits cannot hold (from 2262 on) is no time either.
  return ticks === 0n || ns !== BigInt.asIntN(64, ns) ? undefined : ns;
};

const unknownOwner = { uid: undefined, gid: undefined };

const owner = (fields: ByteReader): Pick<DirectoryEntry, "uid" | "gid"> => {
  if (fields.left === 0 || fields.u8() !== 1) return unknownOwner;
  const uid = id(fields);
  const gid = id(fields);
  return uid === undefined || gid === undefined ? unknownOwner : { uid, gid };
};

/** Ids wider than 32 bits exist on no system this runs on: unknown. */
const id = (fields: ByteReader): number | undefined => {
  const length = fields.u8();
  // As we write nearly all of them, without a view.
  if (length === 2) return fields.u16();
  const bytes = fields.bytes(length);
  if (length === 0 || bytes.subarray(4).some((byte) => byte !== 0)) return undefined;
  return bytes.readUIntLE(0, Math.min(length, 4));
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
