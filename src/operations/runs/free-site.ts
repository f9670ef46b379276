import type { Backup } from "../../domain/backup.ts";
import type { SiteId } from "../../domain/site.ts";
import type { RowChange } from "../../ports/catalog.ts";
import type { Installation } from "../installation.ts";
import { readKnownBackup, replaceBackup } from "../rows/backup-rows.ts";
import { takenBy, type OpenRun, type SiteRow } from "../rows/site-row.ts";
import { runId } from "./start-run.ts";

/** The site's row after its run ended: free, or owned by the backup that waited. */
export const freeSite = async (
  deps: Pick<Installation, "catalog" | "newId">,
  site: SiteId,
  { run: _run, waiting, ...rest }: SiteRow,
): Promise<{ readonly row: SiteRow; readonly also: readonly RowChange[] }> => {
  const free: SiteRow = { ...rest, epoch: rest.epoch + 1 };
  // One that cannot be read keeps nobody else from the site.
  const next = waiting === undefined ? undefined : await readKnownBackup(deps.catalog, site, waiting);
  if (next?.backup.status !== "Created") return { row: free, also: [] };
  const run = backupRun(deps, next.backup);
  return { row: takenBy(free, run), also: [replaceBackup({ ...next.backup, run: run.id }, next.version)] };
};

export const backupRun = (deps: Pick<Installation, "newId">, backup: Backup): OpenRun => ({
  id: runId("backup", deps, backup.id),
  kind: "backup",
  since: backup.created,
  backup: backup.id,
});
