import type { Backup } from "../../domain/backup.ts";
import { retention, type RetentionPolicy } from "../../domain/retention.ts";
import { sasExpiry } from "../../domain/sas.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { archivesInUse } from "./archives-in-use.ts";
import { credentialOf } from "../containers/credentials.ts";
import { deleteBackup } from "../backups/delete-backup.ts";
import { scheduleOf } from "../backups/effective-schedule.ts";
import type { Installation } from "../installation.ts";
import { readBackupRows, type BackupRow } from "../rows/backup-rows.ts";
import { backupKey, sitePartition } from "../rows/keys.ts";
import { removeSome } from "../rows/remove-rows.ts";
import { tellOnce } from "../tell-once.ts";
import { unreadableAdvice } from "../checks/unreadable-advice.ts";
import { isSteady } from "../rows/steady-clock.ts";

/**
 * Deletes what the site's retention lets go, each by a run of its own; and forgets the rows of what was deleted long ago.
 * Answers how many deletions it began; none while the clock is not to be believed. Asked twice, or by two at a time, it
 * deletes nothing twice.
 */
export const retainSite = (deps: Installation) => {
  const isNews = tellOnce();
  return async (call: Call, site: SiteId): Promise<number> => {
    const { rows, unreadable } = await readBackupRows(deps.catalog, site);
    for (const id of unreadable)
      if (isNews(`${siteKey(site)} ${id}`))
        call.log.error(passedOver, { backup: id, site: siteLabel(site), next: unreadableAdvice });
    if (rows.length === 0 || !(await isSteady(deps))) return 0;
    await forgetDeleted(deps, site, rows);
    const backups = rows.map(({ backup }) => backup);
    const policy = await policyOf(deps, site);
    const now = deps.clock.now();
    // Most of the time nothing goes; then nobody has to know what is in use.
    if (retention({ backups, policy, now, inUse: new Set() }).every(({ keep }) => keep)) return 0;
    const inUse = await archivesInUse(deps, site, backups);
    for (const { site: of, key } of inUse.unreadable)
      if (isNews(`${siteKey(of)} ${key}`))
        call.log.error(heldBack, { row: key, site: siteLabel(of), next: unreadableAdvice });
    const decisions = retention({ backups, policy, now, inUse: inUse.backups });
    let begun = 0;
    for (const [index, { keep, reason }] of decisions.entries()) {
      const backup = backups[index];
      if (keep || backup === undefined || !(await maySucceed(deps, backup))) continue;
      call.log.info("backup let go", { site: siteLabel(site), backup: backup.id, reason });
      await deleteBackup(deps)(call, site, backup.id);
      begun++;
    }
    return begun;
  };
};

const passedOver =
  "a backup's row of the catalog cannot be read; it is not deleted, and counts for nothing where others are kept";

const heldBack =
  "a row of the catalog cannot be read; backups that its operation may be reading are not deleted meanwhile";

/** Where nothing new is made by a schedule, nothing of it goes: the last copies are worth more than the space. */
const nothingGoes: RetentionPolicy = { days: 0, keepAtLeastOne: true };

const policyOf = async (deps: Installation, site: SiteId): Promise<RetentionPolicy> => {
  const schedule = await scheduleOf(deps, site);
  if (schedule === undefined) return nothingGoes;
  const { retentionPeriodInDays: days, keepAtLeastOneBackup: keepAtLeastOne } = schedule;
  return { ...schedule, days, keepAtLeastOne };
};

/** What failed to be deleted is tried again once there is a credential that has not expired. */
const maySucceed = async (deps: Installation, { status, destination }: Backup): Promise<boolean> => {
  if (status !== "DeleteFailed") return true;
  const credential = await credentialOf(deps, destination);
  const expires = credential && sasExpiry(credential);
  return expires === undefined || expires > deps.clock.now();
};

const keptRowMs = 30 * 86_400_000;

/** Rows of deleted backups stay for a month: until then they count for the quota, and names are looked at once more. */
const forgetDeleted = async (deps: Installation, site: SiteId, rows: readonly BackupRow[]): Promise<void> => {
  const before = deps.clock.now().getTime() - keptRowMs;
  const old = rows.filter(
    ({ backup }) => backup.status === "Deleted" && Date.parse(backup.removed ?? backup.created) < before,
  );
  const removed = old.map(({ backup, version }) => ({ key: backupKey(backup.id), version }));
  await removeSome(deps.catalog, sitePartition(site), removed);
};
