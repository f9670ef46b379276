import { isOpen, isRestorable, isSound, type Backup } from "./backup.ts";
import { civilTime, dayMs, startOfCivilDay } from "./civil-time.ts";
import type { KeepRules } from "./schedule.ts";

export interface RetentionPolicy extends KeepRules {
  /** 0 = for ever. */
  readonly days: number;
  readonly keepAtLeastOne: boolean;
  /** Whose days, weeks and months the keep rules count; absent: UTC. */
  readonly timeZone?: string;
}

interface RetentionDecision {
  readonly backup: number;
  readonly keep: boolean;
  /** For people: why it stays, or why it goes. */
  readonly reason: string;
}

interface RetentionCase {
  readonly backups: readonly Backup[];
  readonly policy: RetentionPolicy;
  readonly now: Date;
  /** Backups whose archive an open run reads. */
  readonly inUse: ReadonlySet<number>;
}

/** What left no archive is told for so long where backups are kept for ever. */
const longestRecordDays = 90;

/**
 * Which backups of a site stay and which go, one decision each. Only what a schedule made goes by age; what a person made
 * goes by its own expiry alone. Nothing here looks at a clock or a store, so that it can be asked "what if".
 */
export const retention = (given: RetentionCase): readonly RetentionDecision[] => {
  const protectedBy = protections(given);
  return given.backups.map((backup) => decisionOn(backup, given, protectedBy.get(backup.id)));
};

const decisionOn = (
  backup: Backup,
  { policy, now, inUse }: RetentionCase,
  protection: string | undefined,
): RetentionDecision => {
  const keep = (reason: string): RetentionDecision => ({ backup: backup.id, keep: true, reason });
  const remove = (reason: string): RetentionDecision => ({ backup: backup.id, keep: false, reason });
  if (isOpen(backup.status)) return keep("It is being made.");
  if (backup.status === "DeleteInProgress" || backup.status === "Deleted") return keep("It is deleted already.");
  if (inUse.has(backup.id)) return keep("A run that is under way reads it.");
  if (backup.status === "DeleteFailed") return remove("Its deletion was asked for and did not succeed.");
  if (protection !== undefined) return keep(protection);
  if (backup.expires !== undefined)
    return Date.parse(backup.expires) <= now.getTime()
      ? remove(`It expired at ${backup.expires}.`)
      : keep(`It expires at ${backup.expires}.`);
  if (!backup.scheduled) return keep("It was made on demand, without an expiry.");
  if (!isRestorable(backup.status)) return byAge(backup, now, policy.days === 0 ? longestRecordDays : policy.days);
  return policy.days === 0 ? keep("Backups are kept for ever.") : byAge(backup, now, policy.days);
};

const byAge = ({ id, created }: Backup, now: Date, days: number): RetentionDecision =>
  now.getTime() - Date.parse(created) > days * dayMs
    ? { backup: id, keep: false, reason: `It is older than ${days} days.` }
    : { backup: id, keep: true, reason: `It is not older than ${days} days.` };

/** Backups that stay whatever their age or expiry, with the first reason for each. */
const protections = ({ backups, policy }: RetentionCase): ReadonlyMap<number, string> => {
  const reasons = new Map<number, string>();
  const protect = (backup: Backup | undefined, reason: string): void => {
    if (backup !== undefined && !reasons.has(backup.id)) reasons.set(backup.id, reason);
  };
  const restorable = backups.filter(({ status }) => isRestorable(status)).toSorted(newestFirst);
  // One that was found damaged is kept as well, for what is whole in it, but it stands for no other. Nor does one of an
  // emptied site, not even for one that was found damaged.
  const withFiles = restorable.filter(({ served }) => served !== "gone");
  for (const among of [restorable.filter(isSound), withFiles, restorable]) protectAmong(among, policy, protect);
  return reasons;
};

const protectAmong = (
  restorable: readonly Backup[],
  policy: RetentionPolicy,
  protect: (backup: Backup | undefined, reason: string) => void,
): void => {
  if (policy.keepAtLeastOne)
    for (const among of [restorable, restorable.filter(({ scheduled }) => scheduled)]) {
      protect(among[0], "It is the newest backup that can be restored.");
      protect(
        among.find(({ status }) => status === "Succeeded"),
        "It is the newest backup that succeeded.",
      );
    }
  const scheduled = restorable.filter((backup) => backup.scheduled);
  for (const { count, period, word } of periods(policy))
    for (const backup of newestOfEach(scheduled, period).slice(0, count))
      protect(backup, `It is the newest backup of its ${word}.`);
};

/** By their numbers: one that was made while the clock was ahead must not stand for all that came after it. */
const newestFirst = (one: Backup, other: Backup): number => other.id - one.id;

interface Period {
  readonly count: number;
  readonly period: (backup: Backup) => string | number;
  readonly word: string;
}

const periods = ({ keepDaily = 0, keepWeekly = 0, keepMonthly = 0, timeZone = "UTC" }: RetentionPolicy): Period[] => {
  const civil = ({ created }: Backup): number => civilTime(Date.parse(created), timeZone);
  return [
    { count: keepDaily, period: (backup) => startOfCivilDay(civil(backup)), word: "day" },
    // 1970-01-01 was a Thursday: weeks begin on Monday.
    { count: keepWeekly, period: (backup) => Math.floor((civil(backup) / dayMs + 3) / 7), word: "week" },
    { count: keepMonthly, period: (backup) => new Date(civil(backup)).toISOString().slice(0, 7), word: "month" },
  ];
};

/** The newest of each period that has one, the newest period first. */
const newestOfEach = (newestOnTop: readonly Backup[], period: Period["period"]): readonly Backup[] => {
  const seen = new Map<string | number, Backup>();
  for (const backup of newestOnTop) {
    const key = period(backup);
    if (!seen.has(key)) seen.set(key, backup);
  }
  return [...seen.values()];
};
