import { isRestorable, isSound } from "../../domain/backup.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { listOpenRuns } from "../rows/open-run-rows.ts";
import { isDeletion } from "../start-run.ts";
import { readOperation, readOperations } from "../rows/operation-rows.ts";
import { readSiteRow } from "../rows/site-row.ts";

type Needs = Pick<Installation, "catalog">;

/**
 * Backups of a site whose archive a run under way reads: what a restore brings back, of whichever site, what a backup copies
 * unchanged files from, and what is being verified. Throws when it cannot tell: then nothing may be deleted.
 */
export const archivesInUse = async (deps: Needs, site: SiteId): Promise<ReadonlySet<number>> => {
  const used = new Set<number>();
  const { open: runs, unreadable } = await listOpenRuns(deps.catalog);
  const unknown = unreadable.find(({ key }) => !isDeletion(key));
  if (unknown !== undefined) throw new Error(`What the run ${unknown.key} reads cannot be told: its row is damaged.`);
  for (const open of runs) {
    if (open.deletes !== undefined) continue;
    for (const read of await readBy(deps, open.site)) if (siteKey(read.site) === siteKey(site)) used.add(read.backup);
  }
  for (const { operation } of await readOperations(deps.catalog, site))
    if (operation.kind === "verify" && operation.status === "InProgress" && operation.backup !== undefined)
      used.add(operation.backup);
  return used;
};

/** What the run that owns the site reads. */
const readBy = async (
  { catalog }: Needs,
  site: SiteId,
): Promise<readonly { readonly site: SiteId; readonly backup: number }[]> => {
  const { run } = await readSiteRow(catalog, site);
  if (run?.operation !== undefined) {
    const request = (await readOperation(catalog, site, run.operation))?.operation.request;
    return request?.backup === undefined ? [] : [{ site: request.backupSite ?? site, backup: request.backup }];
  }
  if (run?.backup === undefined) return [];
  const backups = (await readBackups(catalog, site)).map(({ backup }) => backup);
  // One that is found damaged while it is copied from is no reason to take it away.
  const last = [backups.findLast(isSound), backups.findLast(({ status }) => isRestorable(status))];
  return last.flatMap((backup) => (backup === undefined ? [] : [{ site, backup: backup.id }]));
};
