import type { BytePath } from "../../domain/byte-path.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { filesPrefix } from "../listing/entry-row.ts";

export type ArchiveChange = "added" | "removed" | "changed" | "adjusted";

interface ComparedEntry {
  /** Below the site's home; what lies beside the site's files (dumps, configuration) by its name in the archive. */
  readonly path: BytePath;
  readonly kind: DirectoryEntry["kind"];
  readonly change: ArchiveChange;
  /** Of the newer content; of the older where it was removed. */
  readonly sizeBytes: number;
}

/**
 * What `newer` has otherwise than `older`, by name. Both have to be sorted. Only their directories are read. `isAlike` tells
 * of names that both have whether they mean the same, whatever their bytes.
 */
export function* compareArchives(
  older: DirectoryColumns,
  newer: DirectoryColumns,
  isAlike: (name: BytePath) => boolean = () => false,
): Generator<ComparedEntry> {
  let left = 0;
  let right = 0;
  while (left < older.length || right < newer.length) {
    const was = left < older.length ? older.name(left) : undefined;
    const is = right < newer.length ? newer.name(right) : undefined;
    if (is === undefined || (was !== undefined && was < is)) yield told(older.at(left++), "removed");
    else if (was === undefined || is < was) yield told(newer.at(right++), "added");
    else {
      const entry = newer.at(right++);
      const change = changeOf(older.at(left++), entry);
      if (change !== undefined && !isAlike(is)) yield told(entry, change);
    }
  }
}

const changeOf = (was: DirectoryEntry, is: DirectoryEntry): ArchiveChange | undefined => {
  if (was.kind !== is.kind || !isSameContent(was, is)) return "changed";
  const isSame = was.mode === is.mode && was.uid === is.uid && was.gid === is.gid && was.mtimeNs === is.mtimeNs;
  return isSame ? undefined : "adjusted";
};

/** By hash; archives of other tools have only a CRC-32, which is enough to notice a change and not to exclude one. */
const isSameContent = (was: DirectoryEntry, is: DirectoryEntry): boolean => {
  if (was.sizeBytes !== is.sizeBytes || was.crc !== is.crc) return false;
  return was.hash === undefined || is.hash === undefined || Buffer.compare(was.hash, is.hash) === 0;
};

const told = (entry: DirectoryEntry, change: ArchiveChange): ComparedEntry => {
  const { kind, sizeBytes } = entry;
  // The casts are safe: parts of a byte path.
  const plain = entry.name.replace(/\/$/, "");
  const path = (plain.startsWith(filesPrefix) ? plain.slice(filesPrefix.length) : plain) as BytePath;
  return { path, kind, change, sizeBytes };
};
