import { compareArchives, type ArchiveChange } from "../../archive/compare/compare-archives.ts";
import { configurationEntryName } from "../../archive/read/configuration-entry.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { haveSameConfiguration } from "../restores/archived-configuration.ts";
import type { OpenBackupArchive } from "./backup-archive.ts";
import type { Installation } from "../installation.ts";
import { planRestore } from "../restores/plan-restore.ts";

export interface CompareWish {
  readonly backup: number;
  /** Another backup of the site, or the site as it is now. */
  readonly with: number | "live";
  /** Only what is at this path, or below it; "" is everything. */
  readonly path: BytePath;
  readonly limit: number;
}

interface ComparedChange {
  readonly path: BytePath;
  readonly kind: string;
  readonly change: ArchiveChange;
  readonly sizeBytes: number;
}

export interface BackupComparison {
  readonly counts: Readonly<Record<ArchiveChange, { readonly entries: number; readonly sizeBytes: number }>>;
  readonly changes: readonly ComparedChange[];
  /** How many more there are. */
  readonly more: number;
}

/** What is otherwise in another backup, or in the live site, than in this one. Nothing is changed. */
export const compareBackup =
  (deps: Installation, open: OpenBackupArchive) =>
  async (call: Call, site: SiteId, wish: CompareWish): Promise<BackupComparison> => {
    if (wish.with === "live") return summary(await liveChanges(deps, call, { site, wish }), wish);
    const [older, newer] = [(await open(site, wish.backup)).archive, (await open(site, wish.with)).archive];
    const isSame = await haveSameConfiguration(deps, [older, newer], call.signal);
    const isAlike = (name: BytePath): boolean => isSame && name === configurationEntryName;
    return summary(compareArchives(older.directory, newer.directory, isAlike), wish);
  };

/** A restore would take back exactly what has changed since. */
const changeOf: Readonly<Record<string, ArchiveChange>> = {
  write: "removed",
  replace: "changed",
  remove: "added",
  adjust: "adjusted",
};

const liveChanges = async (
  deps: Installation,
  call: Call,
  { site, wish }: { readonly site: SiteId; readonly wish: CompareWish },
): Promise<readonly ComparedChange[]> => {
  const restore = { backup: wish.backup, overwrite: true, paths: [], quick: false, allowOutsideLinks: true };
  const plan = await planRestore(deps)(call, site, { restore, showAll: false, limit: Number.MAX_SAFE_INTEGER });
  return plan.changes
    .flatMap(({ path, kind, action, sizeBytes }) => {
      const change = changeOf[action];
      return change === undefined ? [] : [{ path, kind, change, sizeBytes }];
    })
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
};

const summary = (found: Iterable<ComparedChange>, { path, limit }: CompareWish): BackupComparison => {
  const counts = { added: none(), removed: none(), changed: none(), adjusted: none() };
  const changes: ComparedChange[] = [];
  let more = 0;
  for (const entry of found) {
    if (path !== "" && entry.path !== path && !entry.path.startsWith(`${path}/`)) continue;
    counts[entry.change].entries++;
    counts[entry.change].sizeBytes += entry.kind === "file" ? entry.sizeBytes : 0;
    if (changes.length < limit) changes.push(entry);
    else more++;
  }
  return { counts, changes, more };
};

const none = (): { entries: number; sizeBytes: number } => ({ entries: 0, sizeBytes: 0 });
