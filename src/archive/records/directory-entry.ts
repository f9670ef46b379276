import type { BytePath } from "../../domain/byte-path.ts";
import type { EntryKind } from "../../domain/listing.ts";

/** One row of an archive's directory. A value made on demand: directories are kept as columns, not as these. */
export interface DirectoryEntry {
  /** As it stands in the zip; directories end with "/". The directory is sorted by its bytes. */
  readonly name: BytePath;
  /** `other`: a device, socket or pipe; only archives of other tools have them. */
  readonly kind: EntryKind | "other";
  /** 0 stored, 8 deflate; other numbers only in archives of other tools. */
  readonly method: number;
  /** The zip's general purpose bits: 0 encrypted, 3 data descriptor, 11 UTF-8. */
  readonly generalFlags: number;
  /** CRC-32 of the content. */
  readonly crc: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  /** Of the local header, from the start of the archive (in a shard's index: of the shard). */
  readonly offset: number;
  /** Permission bits (07777); undefined where the archive does not say. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint | undefined;
  readonly inode: bigint | undefined;
  /** 32 bytes (content-hash.ts); undefined for directories and in archives of other tools. */
  readonly hash: Uint8Array | undefined;
  /** CRC-32 of the bytes between local header and next record; undefined in archives of other tools. */
  readonly storedCrc: number | undefined;
  /** It changed while it was read, twice; what is stored may be a mixture. */
  readonly changedWhileRead: boolean;
  /** It was modified so shortly before it was read that its timestamp would not show a later change. */
  readonly mayHaveChanged: boolean;
}

/** Names of owners and groups by id: one table per archive. */
export interface OwnerNames {
  readonly users: Map<number, string>;
  readonly groups: Map<number, string>;
}

export const noOwnerNames = (): OwnerNames => ({ users: new Map(), groups: new Map() });
