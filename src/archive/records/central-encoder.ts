import { ArchiveInvalid } from "../archive-invalid.ts";
import { ByteArena } from "./byte-arena.ts";
import type { DirectoryEntry, OwnerNames } from "./directory-entry.ts";
import { dosDateTime } from "./dos-time.ts";
import {
  fitsTimestamp,
  flagsOf,
  ownerFieldId,
  privateFieldLength,
  timestampFieldId,
  wholeSeconds,
  writePrivateField,
  zip64FieldId,
  type PrivateField,
} from "./extra-fields.ts";
import { ByteWriter } from "./little-endian.ts";
import { versionNeeded } from "./local-header.ts";
import { nameFlag } from "./zip-name.ts";

export const centralSignature = 0x0201_4b50;
/** Length without name, extra fields and comment. */
export const centralHeaderBytes = 46;

const max16 = 0xffff;
const max32 = 0xffff_ffff;
const unixType = { file: 0o100000, directory: 0o040000, link: 0o120000 } as const;
const dosDirectory = 0x10;

const idBytes = (id: number): number => (id <= max16 ? 2 : 4);

/** Values that do not fit the header, in the order in which the ZIP64 field holds them. */
const zip64Values = ({ sizeBytes, storedBytes, offset }: DirectoryEntry): readonly number[] =>
  sizeBytes < max32 && storedBytes < max32 && offset < max32
    ? none
    : [sizeBytes, storedBytes, offset].filter((value) => value >= max32);

const none: readonly number[] = [];

/**
 * Encodes the records of one central directory. The names of an owner and a group stand in the first record that has
 * their id, so one encoder serves one directory from its first record to its last.
 */
export class CentralEncoder {
  readonly #owners: OwnerNames;
  readonly #users = new Set<number>();
  readonly #groups = new Set<number>();
  readonly #arena = new ByteArena(256);

  constructor(owners: OwnerNames) {
    this.#owners = owners;
  }

  /** Whether neither id has a name that the next record with it must tell. */
  hasTold(uid: number, gid: number): boolean {
    return this.#users.has(uid) && this.#groups.has(gid);
  }

  encode(entry: DirectoryEntry): Buffer {
    this.#arena.length = 0;
    this.write(entry, this.#arena);
    return Buffer.from(this.#arena.bytes.subarray(0, this.#arena.length));
  }

  /** Puts the record behind what the arena holds. */
  write(entry: DirectoryEntry, arena: ByteArena): void {
    if (entry.name.length > max16) throw new ArchiveInvalid("BadName", "A name is longer than 65,535 bytes.");
    const field = this.#privateField(entry);
    const wide = zip64Values(entry);
    const zip64Bytes = wide.length === 0 ? 0 : 4 + 8 * wide.length;
    const seconds = wholeSeconds(entry.mtimeNs);
    const flags = flagsOf(field, seconds);
    const timestampBytes = fitsTimestamp(seconds) ? 9 : 0;
    const extraBytes = zip64Bytes + timestampBytes + ownerBytes(entry) + privateFieldLength(flags, field);
    arena.reserve(centralHeaderBytes + entry.name.length + extraBytes);
    const out = new ByteWriter(arena.bytes, arena.length);
    writeHeader(out, entry, { seconds, extraBytes, zip64: zip64Bytes > 0 });
    out.latin1(entry.name);
    if (zip64Bytes > 0) out.u16(zip64FieldId).u16(zip64Bytes - 4);
    for (const value of wide) out.size(value);
    if (timestampBytes > 0) out.u16(timestampFieldId).u16(5).u8(1).i32(seconds);
    writeOwner(out, entry);
    writePrivateField(out, flags, { field, seconds });
    arena.length = out.position;
  }

  #privateField(entry: DirectoryEntry): PrivateField {
    return {
      mtimeNs: entry.mtimeNs,
      ctimeNs: entry.ctimeNs,
      inode: entry.inode,
      hash: entry.hash,
      storedCrc: entry.storedCrc === entry.crc ? undefined : entry.storedCrc,
      changedWhileRead: entry.changedWhileRead,
      mayHaveChanged: entry.mayHaveChanged,
      user: firstName(entry.uid, this.#users, this.#owners.users),
      group: firstName(entry.gid, this.#groups, this.#owners.groups),
    };
  }
}

const firstName = (
  id: number | undefined,
  seen: Set<number>,
  names: ReadonlyMap<number, string>,
): string | undefined => {
  if (id === undefined || seen.has(id)) return undefined;
  seen.add(id);
  return names.get(id);
};

const ownerBytes = ({ uid, gid }: DirectoryEntry): number =>
  uid === undefined || gid === undefined ? 0 : 7 + idBytes(uid) + idBytes(gid);

const writeOwner = (out: ByteWriter, { uid, gid }: DirectoryEntry): void => {
  if (uid === undefined || gid === undefined) return;
  out.u16(ownerFieldId).u16(3 + idBytes(uid) + idBytes(gid));
  out.u8(1);
  for (const id of [uid, gid]) {
    if (idBytes(id) === 2) out.u8(2).u16(id);
    else out.u8(4).u32(id);
  }
};

const writeHeader = (
  out: ByteWriter,
  entry: DirectoryEntry,
  { seconds, extraBytes, zip64 }: { readonly seconds: number; readonly extraBytes: number; readonly zip64: boolean },
): void => {
  if (entry.kind === "other") throw new ArchiveInvalid("BadRecord", "Devices, sockets and pipes are not archived.");
  const needed = versionNeeded(entry, zip64);
  const { date, time } = dosDateTime(seconds);
  const mode = unixType[entry.kind] | (entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644));
  out
    .u32(centralSignature)
    .u8(zip64 ? 45 : 30)
    .u8(3)
    .u16(needed);
  out.u16(nameFlag(entry.name)).u16(entry.method).u16(time).u16(date).u32(entry.crc);
  out.u32(Math.min(entry.storedBytes, max32)).u32(Math.min(entry.sizeBytes, max32));
  out.u16(entry.name.length).u16(extraBytes);
  // No comment, first disk, no internal attributes; then the external ones: unix mode above, DOS attributes below.
  out.u16(0).u16(0).u16(0);
  out.u16(entry.kind === "directory" ? dosDirectory : 0).u16(mode);
  out.u32(Math.min(entry.offset, max32));
};
