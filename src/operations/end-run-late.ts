import { endedBackupOf } from "../domain/alarm.ts";
import { mayBecome, type Backup } from "../domain/backup.ts";
import { siteLabel, type SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { RowChange } from "../ports/catalog.ts";
import { freeSite } from "./free-site.ts";
import type { Installation } from "./installation.ts";
import { readBackup, removeProgress, replaceBackup } from "./rows/backup-rows.ts";
import { forgetRun } from "./rows/open-run-rows.ts";
import { readOperation, replaceOperation } from "./rows/operation-rows.ts";
import { changeSite, type OpenRun, type SiteRow } from "./rows/site-row.ts";
import { forgetBeats } from "./rows/step-rows.ts";
import { markSite } from "./rows/watch-rows.ts";
import { runRef, startRun } from "./start-run.ts";

interface LateRun {
  readonly site: SiteId;
  readonly run: string;
  /** For the log of the backup or restore. */
  readonly reason: string;
}

/**
 * Ends a run that does not end by itself: its workflow first, then in one batch the backup (TimedOut) or operation (Failed)
 * and the site, which a new epoch protects from steps that still run. What those had written goes with housekeeping; a
 * site that was half exchanged is put back by its next run. Asked again, it does what is left.
 */
export const endRunLate = async (deps: Installation, call: Call, { site, run, reason }: LateRun): Promise<void> => {
  await call.runner.terminate(run, reason);
  const done = await changeSite<{ readonly row?: SiteRow; readonly backup?: Backup }>(
    deps.catalog,
    site,
    async (row) => {
      if (row.run?.id !== run) return { row, result: {} };
      const freed = await freeSite(deps, site, row);
      const ended = await endOf(deps, site, { run: row.run, reason });
      return {
        row: freed.row,
        also: [...ended.also, ...freed.also],
        result: { row: freed.row, ...(ended.backup === undefined ? {} : { backup: ended.backup }) },
      };
    },
  );
  const ended = done.backup && endedBackupOf(done.backup);
  if (ended !== undefined) await markSite(deps.catalog, site, ended);
  if (done.row?.run !== undefined) await startRun(deps, call, site, runRef(site, done.row));
  call.log.error("a run was ended", { site: siteLabel(site), run, reason });
  await removeProgress(deps.catalog, site, run);
  await forgetBeats(deps.catalog, site, run);
  await forgetRun(deps.catalog, run);
};

interface Ended {
  readonly also: readonly RowChange[];
  readonly backup?: Backup;
}

const endOf = async (
  { catalog, clock }: Installation,
  site: SiteId,
  { run, reason }: { readonly run: OpenRun; readonly reason: string },
): Promise<Ended> => {
  const finished = clock.now().toISOString();
  if (run.backup !== undefined) {
    const found = await readBackup(catalog, site, run.backup);
    if (found === undefined || !mayBecome(found.backup.status, "TimedOut")) return { also: [] };
    const backup: Backup = { ...found.backup, status: "TimedOut", finished, log: reason };
    return { also: [replaceBackup(backup, found.version)], backup };
  }
  const found = run.operation === undefined ? undefined : await readOperation(catalog, site, run.operation);
  if (found?.operation.status !== "InProgress") return { also: [] };
  const { recoveryKey: _, ...operation } = found.operation;
  return { also: [replaceOperation({ ...operation, status: "Failed", finished, log: reason }, found.version)] };
};
