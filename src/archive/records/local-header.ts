import type { BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import type { DirectoryEntry } from "./directory-entry.ts";
import { dosDateTime } from "./dos-time.ts";
import { fitsTimestamp, timestampFieldId, wholeSeconds, zip64FieldId } from "./extra-fields.ts";
import { knownFields, within } from "./known-fields.ts";
import { ByteReader, ByteWriter } from "./little-endian.ts";
import { nameFlag, readName } from "./zip-name.ts";

export const localSignature = 0x0403_4b50;
/** Length without name and extra fields. */
export const localHeaderBytes = 30;

const max32 = 0xffff_ffff;

/** What of an entry stands in its local header. */
type LocalHeaderEntry = Pick<
  DirectoryEntry,
  "name" | "kind" | "method" | "crc" | "sizeBytes" | "storedBytes" | "mtimeNs"
>;

export const versionNeeded = (entry: Pick<DirectoryEntry, "method" | "kind">, zip64: boolean): number =>
  zip64 ? 45 : entry.method === 8 || entry.kind !== "file" ? 20 : 10;

/** A local header gets ZIP64 (both sizes, always together) when either size does not fit 32 bits. */
const needsZip64 = (entry: Pick<DirectoryEntry, "sizeBytes" | "storedBytes">): boolean =>
  entry.sizeBytes >= max32 || entry.storedBytes >= max32;

export const localHeaderLength = (
  entry: Pick<DirectoryEntry, "sizeBytes" | "storedBytes"> & { readonly name: { readonly length: number } },
): number => localHeaderBytes + entry.name.length + extraLength(entry);

/** Of a ZIP64 field and of a timestamp field. */
const zip64Bytes = 20;
const timestampBytes = 9;

const extraLength = (entry: Pick<DirectoryEntry, "sizeBytes" | "storedBytes">): number =>
  timestampBytes + (needsZip64(entry) ? zip64Bytes : 0);

/** The local header as Lifeboat writes it: a function of the directory's entry, so that verifying can rebuild it. */
export const encodeLocalHeader = (entry: LocalHeaderEntry): Buffer => {
  const bytes = Buffer.allocUnsafe(localHeaderLength(entry));
  writeLocalHeader(new ByteWriter(bytes), entry);
  return bytes;
};

export const writeLocalHeader = (out: ByteWriter, entry: LocalHeaderEntry): void => {
  const zip64 = needsZip64(entry);
  const seconds = wholeSeconds(entry.mtimeNs);
  const { date, time } = dosDateTime(seconds);
  out.u32(localSignature).u16(versionNeeded(entry, zip64)).u16(nameFlag(entry.name)).u16(entry.method);
  out.u16(time).u16(date).u32(entry.crc);
  out.u32(zip64 ? max32 : entry.storedBytes).u32(zip64 ? max32 : entry.sizeBytes);
  out.u16(entry.name.length).u16(extraLength(entry));
  out.latin1(entry.name);
  if (zip64) out.u16(zip64FieldId).u16(16).size(entry.sizeBytes).size(entry.storedBytes);
  writeTimestamp(out, seconds);
};

/**
 * Tools take a DOS time for the local time of wherever they run; unzip looks for a better one in this header only. A
 * time that does not fit is said to be absent, so that all headers have the same length.
 */
const writeTimestamp = (out: ByteWriter, seconds: number): void => {
  const fits = fitsTimestamp(seconds);
  out
    .u16(timestampFieldId)
    .u16(timestampBytes - 4)
    .u8(fits ? 1 : 0)
    .i32(fits ? seconds : 0);
};

/** What a local header says; sizes that do not fit it are taken from its ZIP64 field. */
export interface LocalHeader {
  readonly name: BytePath;
  readonly method: number;
  readonly generalFlags: number;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  /** Of the whole header: the stored bytes begin this far behind its start. */
  readonly headerBytes: number;
}

const readSignature = (fields: ByteReader): void => {
  if (fields.u32() !== localSignature)
    throw new ArchiveInvalid("BadRecord", `No local header where one should be (at byte ${fields.position - 4}).`);
};

/** Length of the whole header that begins with these 30 bytes. */
export const localHeaderExtent = (bytes: Uint8Array, at = 0): number => {
  const fields = new ByteReader(bytes, at);
  readSignature(fields);
  fields.bytes(22);
  return localHeaderBytes + fields.u16() + fields.u16();
};

export const decodeLocalHeader = (bytes: Uint8Array, at = 0): LocalHeader => {
  const fields = new ByteReader(bytes, at);
  readSignature(fields);
  fields.u16();
  const generalFlags = fields.u16();
  const method = fields.u16();
  fields.u32();
  const crc = fields.u32();
  const stored32 = fields.u32();
  const size32 = fields.u32();
  const nameLength = fields.u16();
  const extraLength = fields.u16();
  const name = readName(fields, nameLength);
  const wide = within(fields, knownFields(fields, extraLength).zip64);
  const sizeBytes = size32 === max32 && wide.left > 0 ? wide.size() : size32;
  const storedBytes = stored32 === max32 && wide.left > 0 ? wide.size() : stored32;
  return {
    name,
    method,
    generalFlags,
    crc,
    sizeBytes,
    storedBytes,
    headerBytes: localHeaderBytes + nameLength + extraLength,
  };
};
