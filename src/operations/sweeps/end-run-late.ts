import { mayBecome, type Backup } from "../../domain/backup.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { RowChange } from "../../ports/catalog.ts";
import { tellEndedBackup, tellEndedRestore } from "../runs/tell-ended.ts";
import { clearRun } from "../rows/clear-run.ts";
import { freeSite } from "../runs/free-site.ts";
import type { Installation } from "../installation.ts";
import { readBackup, replaceBackup } from "../rows/backup-rows.ts";
import { insertOperation, readOperation, replaceOperation, type Operation } from "../rows/operation-rows.ts";
import { changeSite, takenBy, type OpenRun, type SiteRow } from "../rows/site-row.ts";
import { runId, runRef, startRun } from "../runs/start-run.ts";

interface LateRun {
  readonly site: SiteId;
  readonly run: string;
  /** For the log of the backup or restore. */
  readonly reason: string;
}

/**
 * Ends a run that does not end by itself: its workflow first, then in one batch the backup (TimedOut) or operation (Failed)
 * and the site, which a new epoch protects from steps that still run. What those had written goes with housekeeping. The
 * site of a restore or undo may be stopped or half exchanged: it goes to an undo of its own at once, that puts it back and
 * starts it; when that is given up too, the site's next run does so. Asked again, it does what is left.
 */
export const endRunLate = async (deps: Installation, call: Call, { site, run, reason }: LateRun): Promise<void> => {
  await call.runner.terminate(run, reason);
  const ids = { operation: deps.newId(), run: runId("undo", deps) };
  const done = await changeSite<{ readonly row?: SiteRow; readonly backup?: Backup }>(
    deps.catalog,
    site,
    async (row) => {
      if (row.run?.id !== run) return { row, result: {} };
      const ended = await endOf(deps, site, { run: row.run, reason });
      const settling = ended.operation && settlingOf(deps, ended.operation, ids);
      const next = settling === undefined ? await freeSite(deps, site, row) : takenToSettle(row, settling);
      return {
        row: next.row,
        also: [...ended.also, ...next.also],
        result: { row: next.row, ...(ended.backup === undefined ? {} : { backup: ended.backup }) },
      };
    },
  );
  if (done.backup !== undefined) await tellEndedBackup(deps, done.backup);
  await tellEndedRestore(deps, site, run);
  if (done.row?.run?.id === ids.run)
    call.log.warn("the site of a restore that was given up is put back", { site: siteLabel(site), run, by: ids.run });
  if (done.row?.run !== undefined) await startRun(deps, call, site, runRef(site, done.row));
  call.log.error("a run was ended", { site: siteLabel(site), run, reason });
  await clearRun(deps.catalog, site, run);
};

/** Undefined for a run that was to settle another already: that would go on for ever. */
const settlingOf = (
  { clock }: Pick<Installation, "clock">,
  { run, formerRuns, undoOf = run, settles }: Operation,
  ids: { readonly operation: string; readonly run: string },
): Operation | undefined =>
  settles === true
    ? undefined
    : {
        id: ids.operation,
        kind: "undo",
        run: ids.run,
        ...(formerRuns === undefined ? {} : { formerRuns }),
        status: "InProgress",
        created: clock.now().toISOString(),
        undoOf,
        settles: true,
      };

/** A backup that waits goes on waiting. */
const takenToSettle = (row: SiteRow, operation: Operation) => ({
  row: takenBy(row, { id: operation.run, kind: "undo", since: operation.created, operation: operation.id }),
  also: [insertOperation(operation)],
});

interface Ended {
  readonly also: readonly RowChange[];
  /** Of a restore or undo. */
  readonly operation?: Operation;
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
  const failed: Operation = { ...operation, status: "Failed", finished, log: reason };
  return { also: [replaceOperation(failed, found.version)], operation: failed };
};
