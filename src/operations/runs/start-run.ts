import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { BackupRef, RunRef } from "../../workflows/contract.ts";
import type { Installation } from "../installation.ts";
import { claimRun } from "../rows/open-run-rows.ts";
import type { OpenRun, SiteRow } from "../rows/site-row.ts";

/** The reference a run's steps get; its epoch is the one under which the run took the site. */
export const runRef = (site: SiteId, row: SiteRow): { readonly run: OpenRun; readonly ref: RunRef } => {
  if (row.run === undefined) throw new Error("The site's row names no run to start.");
  return { run: row.run, ref: { site, run: row.run.id, epoch: row.epoch } };
};

/**
 * Starts the workflow of a run that owns its site. Start is idempotent: whoever finds a Created row without a run does
 * this again, so a crash between the row and the start loses nothing. A run that another process with workflows of its own
 * has is left to that one.
 */
export const startRun = async (
  deps: Pick<Installation, "catalog" | "hub">,
  call: Call,
  site: SiteId,
  { run, ref }: { readonly run: OpenRun; readonly ref: RunRef },
): Promise<void> => {
  if (!(await claimRun(deps, { run: run.id, site, since: run.since }))) return;
  const backupRef = (): BackupRef => {
    if (run.backup === undefined) throw new Error(`The run ${run.id} names no backup.`);
    return { ...ref, backup: run.backup };
  };
  if (run.kind === "backup") await call.runner.start("backupSite", run.id, backupRef());
  else if (run.kind === "restore") await call.runner.start("restoreSite", run.id, ref);
  else await call.runner.start("undoRestore", run.id, ref);
  call.log.info("run started", { site: site.name, run: run.id });
};

/** `backup-7-9f…`: readable, and never the same for two sites or two tries. */
export const runId = (kind: string, deps: Pick<Installation, "newId">, backup?: number): string =>
  [kind, ...(backup === undefined ? [] : [backup]), deps.newId()].join("-");

/** By its name. */
export const isDeletion = (run: string): boolean => run.startsWith("delete-");
