import { isTimeZone, minutesOfDay } from "./civil-time.ts";

/** When runs may begin, on the clocks of the schedule's zone; `to` may lie on the next day. */
interface RunWindow {
  /** "22:00" */
  readonly from: string;
  readonly to: string;
}

/** How many backups stay beyond their retention: the newest of each of so many days, weeks, months. 0: none. */
export interface KeepRules {
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
}

/** When a site is backed up by itself, and how long that is kept; in ARM's words, and some of our own. */
export interface BackupSchedule extends KeepRules {
  readonly frequencyInterval: number;
  readonly frequencyUnit: "Day" | "Hour";
  readonly keepAtLeastOneBackup: boolean;
  /** 0 = for ever. */
  readonly retentionPeriodInDays: number;
  /** The anchor: every run is planned a whole number of intervals after it. */
  readonly startTime: string;
  /** IANA name. With it days are those of the zone: a run at 02:00 stays at 02:00 when clocks change. Absent: UTC. */
  readonly timeZone?: string;
  readonly runWindow?: RunWindow;
}

interface ScheduleProblem {
  readonly field: string;
  readonly reason: string;
}

/** What is wrong with a schedule and in which field, or undefined. */
export const scheduleProblem = (schedule: BackupSchedule): ScheduleProblem | undefined => {
  const problem = figuresProblem(schedule) ?? timesProblem(schedule);
  return problem && { ...problem, field: `properties.backupSchedule.${problem.field}` };
};

const figuresProblem = (schedule: BackupSchedule): ScheduleProblem | undefined => {
  const { frequencyInterval: interval, retentionPeriodInDays: days } = schedule;
  const longest = schedule.frequencyUnit === "Day" ? 1_000 : 24_000;
  if (!Number.isInteger(interval) || interval < 1 || interval > longest)
    return { field: "frequencyInterval", reason: `${interval} is not a whole number from 1 to ${longest}.` };
  if (!Number.isInteger(days) || days < 0 || days > 9_999_999)
    return { field: "retentionPeriodInDays", reason: `${days} is not a whole number from 0 (for ever) on.` };
  for (const field of ["keepDaily", "keepWeekly", "keepMonthly"] as const) {
    const count = schedule[field] ?? 0;
    if (!Number.isInteger(count) || count < 0 || count > 10_000)
      return { field, reason: `${count} is not a whole number from 0 (none) on.` };
  }
  return undefined;
};

/** Most likely a slip of the pen; and it would never begin. */
const latestStart = Date.parse("2200-01-01T00:00:00Z");

const timesProblem = ({ startTime, timeZone, runWindow }: BackupSchedule): ScheduleProblem | undefined => {
  if (Number.isNaN(Date.parse(startTime)))
    return { field: "startTime", reason: `"${startTime}" is not a date and time such as 2026-01-31T02:00:00Z.` };
  if (Date.parse(startTime) >= latestStart)
    return { field: "startTime", reason: `"${startTime}" is beyond the year 2199: nothing would ever be backed up.` };
  if (timeZone !== undefined && !isTimeZone(timeZone))
    return { field: "timeZone", reason: `"${timeZone}" is not a time zone such as Europe/Berlin.` };
  if (runWindow === undefined) return undefined;
  for (const field of ["from", "to"] as const)
    if (minutesOfDay(runWindow[field]) === undefined)
      return { field: `runWindow.${field}`, reason: `"${runWindow[field]}" is not a time of day such as 22:00.` };
  return runWindow.from === runWindow.to
    ? { field: "runWindow", reason: "it begins and ends at the same time. Leave it out to allow every time." }
    : undefined;
};
