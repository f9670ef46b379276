import { filterWarnings, listSite, type SiteListing } from "../../archive/listing/list-site.ts";
import { ListingColumns, listedName } from "../../archive/listing/listing-columns.ts";
import { backupWithFiles } from "../../domain/backup.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { DatabaseReference } from "../../domain/database.ts";
import type { FilterLine } from "../../domain/filter.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { backupObstacles, refusalOf } from "./backup-obstacles.ts";
import { databasesToBackUp } from "../databases/backup-databases.ts";
import { findSite, hostWithFiles } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { nothingServed, servesFiles } from "./served-files.ts";
import { sharedFolders, siteFolders } from "../sites/shared-folders.ts";

export interface PlannedEntry {
  readonly entry: ListedEntry;
  /** The line of the filter that leaves it out; absent for what the backup would hold. */
  readonly line?: FilterLine;
}

interface PlanBackupWish {
  readonly show: "all" | "included" | "excluded";
  readonly limit: number;
  /** The name at which the page before ended. */
  readonly after?: BytePath;
  /** The backup is to name a container of its own: where the site's backups go otherwise does not count. */
  readonly elsewhere: boolean;
}

export interface PlannedBackup {
  /** What the backup would hold. */
  readonly files: number;
  readonly sizeBytes: number;
  /** What each line of the filter leaves out. */
  readonly lines: readonly { readonly line: FilterLine; readonly entries: number; readonly sizeBytes: number }[];
  /** What is there and could not be backed up. */
  readonly unreadable: readonly LeftOut[];
  /** Why a backup would be refused, or would fail; without any it would be begun. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Those of a backup that names none: the site's configuration lists them, or nobody has to. */
  readonly databases: readonly DatabaseReference[];
  /** Part of the list, by name. */
  readonly entries: readonly PlannedEntry[];
  readonly next?: BytePath;
}

/**
 * What a backup of the site would hold and leave out now, by which line of its filter, and what would keep it from being
 * made. Files are read only where room is short, and then little of them.
 */
export const planBackup =
  (deps: Installation) =>
  async (call: Call, id: SiteId, wish: PlanBackupWish): Promise<PlannedBackup> => {
    const site = await findSite(deps, id);
    const { files } = await hostWithFiles(deps, site.id);
    const { elsewhere } = wish;
    const { signal } = call;
    const left = new ListingColumns();
    const found = await listSite(files, { signal, onExcluded: (entry) => left.append(entry) });
    left.sort();
    const serves = servesFiles(found.listing) || servesFiles(left);
    const withFiles = backupWithFiles({ serves, files: found.files }, await readBackups(deps.catalog, site.id));
    const page = pageOf(found, left, wish);
    const { problems, doubts } = await backupObstacles(deps, { site, files, found, elsewhere, signal });
    const named = await configured(deps, site.id);
    return {
      files: found.files,
      sizeBytes: found.sizeBytes,
      lines: [...found.excluded].map(([line, counts]) => ({ line, ...counts })),
      unreadable: found.leftOut,
      problems: [...problems, ...named.problems],
      databases: named.databases,
      warnings: [
        ...(withFiles === undefined ? [] : [nothingServed(withFiles)]),
        ...doubts,
        ...filterWarnings(found),
        ...sharedFolders(site.id, await siteFolders(deps, call.reach)),
      ],
      ...page,
    };
  };

/** Without their connection strings. */
const configured = async (deps: Installation, site: SiteId) => {
  let databases: readonly DatabaseReference[] = [];
  const refusal = await refusalOf(async () => {
    const { wishes } = await databasesToBackUp(deps, site, {});
    databases = wishes.map(({ type, name, connectionStringName }) => ({
      type,
      name,
      ...(connectionStringName === undefined ? {} : { connectionStringName }),
    }));
  });
  return { databases, problems: refusal === undefined ? [] : [refusal] };
};

const pageOf = (
  { listing, filter }: SiteListing,
  left: ListingColumns,
  { show, limit, after }: PlanBackupWish,
): Pick<PlannedBackup, "entries" | "next"> => {
  const entries: PlannedEntry[] = [];
  let kept = show === "excluded" ? listing.length : listing.firstAfter(after);
  let gone = show === "included" ? left.length : left.firstAfter(after);
  while (kept < listing.length || gone < left.length) {
    const last = entries.at(-1);
    if (entries.length === limit && last !== undefined) return { entries, next: listedName(last.entry) };
    const takesKept = gone >= left.length || (kept < listing.length && listing.name(kept) < left.name(gone));
    const entry = takesKept ? listing.at(kept++) : left.at(gone++);
    const line = takesKept ? undefined : filter.excludedBy(entry.path);
    entries.push(line === undefined ? { entry } : { entry, line });
  }
  return { entries };
};
