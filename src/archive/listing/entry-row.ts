import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { listedName } from "./listing-columns.ts";

/** A site's files lie below this in the archive. */
// The cast is safe: ASCII is a byte path.
export const filesPrefix = "fs/" as BytePath;

/** What an entry's row says besides its content. */
export type EntryMeta = Pick<
  DirectoryEntry,
  "name" | "kind" | "mode" | "uid" | "gid" | "mtimeNs" | "ctimeNs" | "inode" | "mayHaveChanged"
>;

/** What becomes known about its content by packing it. */
export type ContentFacts = Pick<
  DirectoryEntry,
  "method" | "crc" | "sizeBytes" | "storedBytes" | "hash" | "storedCrc" | "changedWhileRead"
>;

/**
 * What was listed, as it stands in the archive. A file whose time of change (or of modification, where that is all
 * there is) lies after `suspectAfterNs` may have been changed again unseen.
 */
export const entryMeta = (listed: ListedEntry, suspectAfterNs: bigint): EntryMeta => ({
  // The cast is safe: two byte paths joined.
  name: `${filesPrefix}${listedName(listed)}` as BytePath,
  kind: listed.kind,
  mode: listed.mode,
  uid: listed.uid,
  gid: listed.gid,
  mtimeNs: listed.mtimeNs,
  ctimeNs: listed.ctimeNs,
  inode: listed.inode,
  mayHaveChanged: listed.kind === "file" && (listed.ctimeNs ?? listed.mtimeNs) > suspectAfterNs,
});

// Written out: spreading both costs more than everything else about a row, once for every entry of every backup.
export const entryRow = (meta: EntryMeta, facts: ContentFacts, offset: number): DirectoryEntry => ({
  name: meta.name,
  kind: meta.kind,
  method: facts.method,
  generalFlags: 0,
  crc: facts.crc,
  sizeBytes: facts.sizeBytes,
  storedBytes: facts.storedBytes,
  offset,
  mode: meta.mode,
  uid: meta.uid,
  gid: meta.gid,
  mtimeNs: meta.mtimeNs,
  ctimeNs: meta.ctimeNs,
  inode: meta.inode,
  hash: facts.hash,
  storedCrc: facts.storedCrc,
  changedWhileRead: facts.changedWhileRead,
  mayHaveChanged: meta.mayHaveChanged,
});
