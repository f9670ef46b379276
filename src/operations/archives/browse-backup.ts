import { childrenOf, findEntry, placesBelow } from "../../archive/directory/browse.ts";
import type { DirectoryEntry } from "../../archive/records/directory-entry.ts";
import { filesPrefix } from "../../archive/listing/entry-row.ts";
import type { Archive } from "../../archive/read/open-archive.ts";
import type { Backup } from "../../domain/backup.ts";
import { noPath, pathText, type BytePath } from "../../domain/byte-path.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { OpenBackupArchive } from "./backup-archive.ts";

/** One thing in a folder of a backup. */
export interface BrowsedEntry {
  /** Below the site's home. */
  readonly path: BytePath;
  readonly kind: "directory" | "file" | "link" | "other";
  /** Absent for a folder that has no entry of its own. */
  readonly entry?: DirectoryEntry;
}

interface BrowseWish {
  readonly backup: number;
  /** Below the site's home; "" is the home itself. */
  readonly folder: BytePath;
  readonly limit: number;
  /** The last entry's place mark of the page before. */
  readonly after?: BytePath;
}

interface BrowsedFolder {
  readonly backup: Backup;
  readonly entries: readonly BrowsedEntry[];
  /** Where the next page goes on; absent on the last. */
  readonly next?: BytePath;
}

/** Lists a folder of a backup, by ranged reads of the archive's directory alone. */
export const browseBackup =
  (open: OpenBackupArchive) =>
  async (_call: Call, site: SiteId, wish: BrowseWish): Promise<BrowsedFolder> => {
    const { backup, archive } = await open(site, wish.backup);
    const folder = inArchive(wish.folder);
    const kind = kindOf(archive, folder);
    if (kind === undefined)
      throw refuse("PathNotInBackup", { backup: backup.id, site: siteLabel(site), path: shown(wish.folder) });
    if (kind !== "directory")
      throw refuse("InvalidField", { field: "path", reason: `${shown(wish.folder)} is a ${kind}, not a folder.` });
    const entries: BrowsedEntry[] = [];
    for (const child of childrenOf(archive.directory, folder)) {
      // A folder stands where its name with a slash stands.
      const mark = child.isFolder ? `${child.name}/` : child.name;
      if (wish.after !== undefined && mark <= wish.after) continue;
      if (entries.length === wish.limit) return { backup, entries, next: markOf(entries.at(-1)) };
      const entry = child.place === undefined ? undefined : archive.directory.at(child.place);
      // The cast is safe: byte paths joined by a slash.
      const path = (wish.folder === "" ? child.name : `${wish.folder}/${child.name}`) as BytePath;
      const childKind = child.isFolder ? "directory" : (entry?.kind ?? "file");
      entries.push(entry === undefined ? { path, kind: childKind } : { path, kind: childKind, entry });
    }
    return { backup, entries };
  };

// The casts are safe: parts of byte paths, and an ASCII character behind one.
const markOf = (entry: BrowsedEntry | undefined): BytePath => {
  const name = entry?.path.slice(entry.path.lastIndexOf("/") + 1) ?? "";
  return (entry?.kind === "directory" ? `${name}/` : name) as BytePath;
};

/** The name in the archive of a path below the site's home. */
export const inArchive = (path: BytePath): BytePath =>
  // The cast is safe: two byte paths joined.
  (path === "" ? filesPrefix.slice(0, -1) : `${filesPrefix}${path}`) as BytePath;

/** The home itself is there even in a backup of nothing. */
const kindOf = (archive: Archive, path: BytePath): BrowsedEntry["kind"] | undefined => {
  if (path === inArchive(noPath)) return "directory";
  const place = findEntry(archive.directory, path);
  if (place !== undefined) return archive.directory.at(place).kind;
  const { from, to } = placesBelow(archive.directory, path);
  return from < to ? "directory" : undefined;
};

export const shown = (path: BytePath): string => JSON.stringify(pathText(path)).slice(0, 300);
