import { mayBecome, type Backup } from "../../domain/backup.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { RowChange } from "../../ports/catalog.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { findSiteOrPast } from "../find-site.ts";
import { freeSite } from "../runs/free-site.ts";
import type { Installation } from "../installation.ts";
import { findBackup } from "./read-backups.ts";
import { changeBackupRow, replaceBackup } from "../rows/backup-rows.ts";
import { announceRun } from "../rows/open-run-rows.ts";
import { changeSite, type SiteChange, type SiteRow } from "../rows/site-row.ts";
import { runRef, startRun } from "../runs/start-run.ts";

/**
 * Removes a backup's blobs by a run of its own; a running backup is cancelled by it. The site need not be free: a backup
 * that reuses this one notices that its source is gone and packs from the site.
 */
export const deleteBackup =
  (deps: Installation) =>
  async (
    call: Call,
    id: SiteId,
    backupId: number,
  ): Promise<{ readonly site: SiteDefinition; readonly backup: Backup }> => {
    const site = await findSiteOrPast(deps, id);
    const done = await changeSite<Deletion>(deps.catalog, site.id, async (row) => {
      const { backup, version } = await findBackup(deps, site.id, backupId);
      if (!mayBecome(backup.status, "DeleteInProgress")) return { row, result: { backup, row, next: false } };
      const deleting: Backup = { ...backup, status: "DeleteInProgress" };
      // Before the row says so, and harmless if it never does.
      await announceDelete(deps, deleting);
      return cancelling(deps, { row, backup: deleting, change: replaceBackup(deleting, version) });
    });
    if (done.cancelled !== undefined) await call.runner.terminate(done.cancelled, `Backup ${backupId} was deleted.`);
    if (done.next) await startRun(deps, call, site.id, runRef(site.id, done.row));
    await startDelete(deps, call, done.backup);
    call.log.info("backup deleted", { site: siteLabel(site.id), backup: backupId, caller: call.caller });
    return { site, backup: done.backup };
  };

/** The run that deletes a backup; a second try has the same. */
const deleteRun = (backup: Backup): string => `delete-${backup.id}-${backup.correlationId}`;

const announceDelete = (deps: Installation, backup: Backup): Promise<void> => {
  const since = deps.clock.now().toISOString();
  return announceRun(deps, { run: deleteRun(backup), site: backup.site, since, deletes: backup.id });
};

/** Idempotent, as `startRun`. */
export const startDelete = async (deps: Installation, call: Call, backup: Backup): Promise<void> => {
  if (backup.status !== "DeleteInProgress") return;
  await announceDelete(deps, backup);
  const run = deleteRun(backup);
  await call.runner.start("deleteBackup", run, { site: backup.site, run, epoch: 0, backup: backup.id });
};

/** The end of a deletion whose run does not end by itself: retention, or who asked, tries again. */
export const failDeletion = async (
  { catalog }: Pick<Installation, "catalog">,
  { site, backup, reason }: { readonly site: SiteId; readonly backup: number; readonly reason: string },
): Promise<void> => {
  await changeBackupRow(catalog, { site, id: backup }, (old) =>
    old.status === "DeleteInProgress" ? { ...old, status: "DeleteFailed", log: reason } : undefined,
  );
};

interface Deletion {
  readonly backup: Backup;
  readonly row: SiteRow;
  /** The run that was making it. */
  readonly cancelled?: string;
  /** Whether the site went on to a backup that waited. */
  readonly next: boolean;
}

interface Cancelling {
  readonly row: SiteRow;
  readonly backup: Backup;
  readonly change: RowChange;
}

/** A cancelled run loses the site by the epoch; a backup that waited behind it comes next. */
const cancelling = async (deps: Installation, { row, backup, change }: Cancelling): Promise<SiteChange<Deletion>> => {
  if (row.waiting === backup.id) {
    const { waiting: _, ...rest } = row;
    return { row: rest, also: [change], result: { backup, row: rest, next: false } };
  }
  if (row.run?.backup !== backup.id) return { row, also: [change], result: { backup, row, next: false } };
  const freed = await freeSite(deps, backup.site, row);
  const result = { backup, row: freed.row, cancelled: row.run.id, next: freed.row.run !== undefined };
  return { row: freed.row, also: [change, ...freed.also], result };
};
