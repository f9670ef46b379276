import { ageMs } from "./age.ts";
import {
  backupAlarm,
  missingAlarm,
  wholeAgainAlarm,
  type Alarm,
  type DamagedBackup,
  type EndedBackup,
  type EndedRestore,
} from "./alarm.ts";
import { isRestorable, isSound, type Backup } from "./backup.ts";
import { restoreAlarm } from "./restore-alarm.ts";
import type { SiteId } from "./site.ts";

/** `unknown`: no backup has ended since the site is known. */
type Condition = "unknown" | "good" | "partial" | "failed" | "missing";

/** Its backups failed, left files out, are missing, or were all found damaged. */
export const isInTrouble = ({ condition }: { readonly condition: Condition }): boolean =>
  condition !== "good" && condition !== "unknown";

/** What there is of a site to go back to. */
export interface Standing {
  /** End of the newest backup that can be restored and was not found damaged. */
  readonly newestGood?: string;
  /** The newest that can be restored, where all of them were found damaged. */
  readonly damaged?: DamagedBackup;
}

/** Of a site's backups, oldest first. */
export const standingOf = (backups: readonly Backup[]): Standing => {
  const sound = backups.findLast(isSound);
  if (sound !== undefined) return { newestGood: sound.finished ?? sound.created };
  const { id, name, damaged: found } = backups.findLast(({ status }) => isRestorable(status)) ?? {};
  return id === undefined || name === undefined || found === undefined ? {} : { damaged: { id, name, found } };
};

/** What is remembered of a site's backups, so that alarms, metrics and overviews need not read them all. */
export interface SiteWatch extends Standing {
  readonly site: SiteId;
  readonly condition: Condition;
  /** When the condition began. */
  readonly since: string;
  /** When people were last told of the condition. */
  readonly told?: string;
  /** Since when the site is backed up by a schedule. */
  readonly scheduledSince?: string;
  /** When to look whether a good backup is missing. */
  readonly due?: string;
  readonly last?: EndedBackup;
  /** How many backups ended so. */
  readonly ended: Readonly<Partial<Record<EndedBackup["status"], number>>>;
  /** Of all that were made. */
  readonly seconds: number;
  readonly bytes: number;
  /** Backups counted lately: none is counted twice. */
  readonly recent: readonly number[];
  /** Restores and undos that people were told of lately, by their operations: none is told twice. */
  readonly recentRestores?: readonly string[];
}

interface Seen {
  readonly watch: SiteWatch;
  readonly alarms: readonly Alarm[];
}

/** A condition that lasts is told again after this time; less than a day, so that a nightly failure is told each night. */
const reminderMs = 20 * 3_600_000;
const rememberedBackups = 50;

export const newWatch = (site: SiteId, now: Date): SiteWatch => ({
  site,
  condition: "unknown",
  since: now.toISOString(),
  ended: {},
  seconds: 0,
  bytes: 0,
  recent: [],
});

/** A backup of the site ended. The same one twice changes nothing. */
export const seeBackup = (watch: SiteWatch, backup: EndedBackup): Seen => {
  if (watch.recent.includes(backup.id)) return { watch, alarms: [] };
  const { last } = watch;
  // A later number is newer too: a clock that was put ahead for a while must not silence what comes after.
  const isNewest = last === undefined || backup.finished >= last.finished || backup.id > last.id;
  const counted = count(watch, backup, isNewest);
  const condition = conditionAfter(watch.condition, backup.status);
  if (!isNewest || condition === undefined) return { watch: counted, alarms: [] };
  return condition === "good" ? becomeGood(counted, backup) : becomeBad(counted, condition, backup);
};

/** A restore or undo of the site ended. It says nothing about its backups. */
export const seeRestore = (watch: SiteWatch, restore: EndedRestore): Seen => {
  const { recentRestores = [] } = watch;
  if (recentRestores.includes(restore.id)) return { watch, alarms: [] };
  const alarm = restoreAlarm(watch.site, restore);
  return {
    watch: { ...watch, recentRestores: [...recentRestores, restore.id].slice(-rememberedBackups) },
    alarms: alarm === undefined ? [] : [alarm],
  };
};

const count = (watch: SiteWatch, backup: EndedBackup, isNewest: boolean): SiteWatch => {
  return {
    ...watch,
    ...(isNewest && backup.status !== "Skipped" ? { last: backup } : {}),
    ended: { ...watch.ended, [backup.status]: (watch.ended[backup.status] ?? 0) + 1 },
    seconds: watch.seconds + backup.seconds,
    bytes: watch.bytes + backup.bytes,
    recent: [...watch.recent, backup.id].slice(-rememberedBackups),
  };
};

/** Undefined: it says nothing about the site's condition. A failure does not make "missing" any better. */
const conditionAfter = (
  before: Condition,
  status: EndedBackup["status"],
): Exclude<Condition, "unknown"> | undefined => {
  if (status === "Skipped") return undefined;
  if (status === "Succeeded") return "good";
  if (status === "PartiallySucceeded") return "partial";
  return before === "missing" ? "missing" : "failed";
};

const becomeGood = (watch: SiteWatch, backup: EndedBackup): Seen => {
  const wasBad = isInTrouble(watch);
  const { told: _, ...rest } = watch;
  return {
    watch: watch.condition === "good" ? watch : { ...rest, condition: "good", since: backup.finished },
    alarms: [
      backupAlarm("succeeded", watch.site, backup),
      ...(wasBad ? [backupAlarm("recovered", watch.site, backup)] : []),
    ],
  };
};

const becomeBad = (watch: SiteWatch, condition: "partial" | "failed" | "missing", backup: EndedBackup): Seen => {
  const isNews = condition !== watch.condition;
  if (!isNews && !isReminderDue(watch, new Date(backup.finished))) return { watch, alarms: [] };
  return {
    watch: {
      ...watch,
      condition,
      since: isNews ? backup.finished : watch.since,
      told: backup.finished,
    },
    alarms: [backupAlarm(condition === "partial" ? "partial" : "failed", watch.site, backup)],
  };
};

const isReminderDue = ({ told }: SiteWatch, now: Date): boolean => told === undefined || ageMs(told, now) >= reminderMs;

export interface Expectation {
  readonly intervalMs: number;
  readonly startTime: string;
  /** So many intervals without a good backup are too many. */
  readonly missedIntervals: number;
}

interface Situation {
  /** Undefined: no schedule backs the site up. */
  readonly expected: Expectation | undefined;
  readonly standing: Standing;
}

/**
 * Time went by, the schedule changed, or a backup was found damaged or deleted: is a good backup missing, and when to ask
 * next.
 */
export const seeTime = (before: SiteWatch, { expected, standing }: Situation, now: Date): Seen => {
  const { newestGood: _, damaged: wasDamaged, due: _due, scheduledSince = now.toISOString(), ...rest } = before;
  const watch = { ...rest, ...standing, ...(expected === undefined ? {} : { scheduledSince }) };
  const deadline = expected && deadlineOf(watch, expected);
  if (standing.damaged !== undefined || (deadline !== undefined && now >= deadline))
    return seeMissing(watch, { now, deadline, isWorse: wasDamaged === undefined && standing.damaged !== undefined });
  const next = deadline === undefined ? watch : { ...watch, due: deadline.toISOString() };
  if (watch.condition !== "missing") return { watch: next, alarms: [] };
  if (wasDamaged !== undefined && standing.newestGood !== undefined) return becomeWhole(next, now);
  return { watch: expected === undefined ? { ...next, condition: "unknown" } : next, alarms: [] };
};

interface Missing {
  readonly now: Date;
  readonly deadline: Date | undefined;
  /** What there was to go back to is of no use any more. */
  readonly isWorse: boolean;
}

const seeMissing = (watch: SiteWatch, { now, deadline, isWorse }: Missing): Seen => {
  const due = new Date(now.getTime() + reminderMs).toISOString();
  const isNews = watch.condition !== "missing";
  if (!isNews && !isWorse && !isReminderDue(watch, now)) return { watch: { ...watch, due }, alarms: [] };
  return {
    watch: {
      ...watch,
      condition: "missing",
      since: isNews ? now.toISOString() : watch.since,
      told: now.toISOString(),
      due,
    },
    alarms: [missingAlarm(watch.site, { now, deadline, ...watch })],
  };
};

/** What was found damaged is whole again: how the last backup ended counts as it did before. */
const becomeWhole = (watch: SiteWatch, now: Date): Seen => {
  const { told: _, ...rest } = watch;
  const { last } = watch;
  const condition = last === undefined ? "unknown" : (conditionAfter("unknown", last.status) ?? "unknown");
  return {
    watch: { ...rest, condition, since: now.toISOString() },
    alarms: last !== undefined && condition === "good" ? [wholeAgainAlarm(watch.site, last, now)] : [],
  };
};

const deadlineOf = ({ newestGood, scheduledSince }: SiteWatch, expected: Expectation): Date => {
  const base = [newestGood, scheduledSince, expected.startTime].flatMap((time) =>
    time === undefined ? [] : [Date.parse(time)],
  );
  return new Date(Math.max(...base) + expected.missedIntervals * expected.intervalMs);
};
