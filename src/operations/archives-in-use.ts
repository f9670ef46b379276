import { isRestorable } from "../domain/backup.ts";
import { siteKey, type SiteId } from "../domain/site.ts";
import type { Installation } from "./installation.ts";
import { readBackups } from "./rows/backup-rows.ts";
import { readOpenRuns } from "./rows/open-run-rows.ts";
import { readOperation, readOperations } from "./rows/operation-rows.ts";
import { readSiteRow } from "./rows/site-row.ts";

type Needs = Pick<Installation, "catalog">;

/** Backups by the key of their site. */
export type ArchivesInUse = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * Backups whose archive a run under way reads: what a restore brings back, of whichever site, and what a backup copies
 * unchanged files from. Throws when it cannot tell: then nothing may be deleted.
 */
export const archivesInUse = async (deps: Needs): Promise<ArchivesInUse> => {
  const inUse = new Map<string, Set<number>>();
  const add = (site: SiteId, backup: number): void => {
    const key = siteKey(site);
    inUse.set(key, (inUse.get(key) ?? new Set()).add(backup));
  };
  for (const { site, deletes } of await readOpenRuns(deps.catalog)) {
    if (deletes !== undefined) continue;
    const { run } = await readSiteRow(deps.catalog, site);
    if (run?.operation !== undefined) {
      const request = (await readOperation(deps.catalog, site, run.operation))?.operation.request;
      if (request?.backup !== undefined) add(request.backupSite ?? site, request.backup);
    } else if (run?.backup !== undefined) {
      const backups = await readBackups(deps.catalog, site);
      const last = backups.findLast(({ backup }) => isRestorable(backup.status));
      if (last !== undefined) add(site, last.backup.id);
    }
  }
  return inUse;
};

/** The same for one site, with what is being verified there. */
export const usedOf = async (deps: Needs, site: SiteId, inUse: ArchivesInUse): Promise<ReadonlySet<number>> => {
  const used = new Set(inUse.get(siteKey(site)));
  for (const { operation } of await readOperations(deps.catalog, site))
    if (operation.kind === "verify" && operation.status === "InProgress" && operation.backup !== undefined)
      used.add(operation.backup);
  return used;
};
