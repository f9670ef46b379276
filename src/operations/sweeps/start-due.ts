import type { Backup } from "../../domain/backup.ts";
import { opensAt, plannedBefore } from "../../domain/planned-times.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { effectiveSchedule, withNextRun } from "../backups/effective-schedule.ts";
import type { Installation } from "../installation.ts";
import { mayBeDue } from "./may-be-due.ts";
import { readOpenRuns } from "../rows/open-run-rows.ts";
import {
  changeConfiguration,
  dropDue,
  readConfigurationRow,
  readDue,
  type BackupConfiguration,
  type Due,
} from "../rows/schedule-rows.ts";
import { startPlanned } from "./start-planned.ts";

/**
 * Starts what is due, the oldest first, while there is room; what finds none stays due. Costs what is due, not what is
 * configured. Any number of instances may do this at the same time: a planned run starts once.
 */
export const startDue =
  (deps: Installation) =>
  async (call: Call): Promise<void> => {
    if (!(await mayBeDue(deps.catalog, deps.clock.now()))) return;
    let behindKey: string | undefined;
    for (;;) {
      const found = await readDue(deps.catalog, { until: deps.clock.now(), behindKey, limit: atATime });
      for (const due of found) {
        if (!(await hasRoom(deps))) return;
        await seeTo(deps, call, due);
      }
      if (found.length < atATime) return;
      behindKey = found.at(-1)?.key;
    }
  };

const atATime = 10;

/** One place stays free for restores; deletions take none. */
const hasRoom = async ({ catalog, policy }: Installation): Promise<boolean> => {
  const open = (await readOpenRuns(catalog)).filter(({ deletes }) => deletes === undefined).length;
  return open < Math.max(1, policy.openRuns - 1);
};

/** A site that makes trouble holds up no other; its run stays due, and is tried again with the next sweep. */
const seeTo = async (deps: Installation, call: Call, due: Due): Promise<void> => {
  try {
    await runDue(deps, call, due);
  } catch (error) {
    call.log.error("a planned backup could not be started; it is tried again", { site: siteLabel(due.site), error });
  }
};

const runDue = async (deps: Installation, call: Call, due: Due): Promise<void> => {
  const found = (await readConfigurationRow(deps.catalog, due.site))?.configuration;
  // The due row is a hint: the configuration says when the site runs.
  if (found?.nextRun !== due.at) return dropDue(deps.catalog, due);
  const { site } = found;
  const now = deps.clock.now();
  const schedule = effectiveSchedule(deps.policy, site, found);
  const move = (to: (old: BackupConfiguration) => BackupConfiguration): Promise<unknown> =>
    changeConfiguration(deps.catalog, site, (old) => (old?.nextRun === due.at ? to(old) : "same"));
  if (schedule === undefined || opensAt(schedule, now) !== undefined) {
    await move((old) => withNextRun(deps.policy, old, now));
    return;
  }
  const backup = await startPlanned(deps, call, { site, planned: due.at, backupName: found.backupName });
  const handled = later(due.at, plannedBefore(schedule, now)?.toISOString());
  await move((old) => withNextRun(deps.policy, { ...old, ...lastExecution(backup), handled }, now));
};

const later = (one: string, other: string | undefined): string => (other !== undefined && other > one ? other : one);

const lastExecution = (backup: Backup | undefined) =>
  backup === undefined || backup.status === "Skipped" ? {} : { lastExecutionTime: backup.created };
