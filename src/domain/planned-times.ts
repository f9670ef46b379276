import { civilTime, dayMs, instantOf, minuteOfCivilDay, minutesOfDay, startOfCivilDay } from "./civil-time.ts";
import type { BackupSchedule } from "./schedule.ts";

type Times = Pick<BackupSchedule, "frequencyInterval" | "frequencyUnit" | "startTime" | "timeZone" | "runWindow">;

const hourMs = 3_600_000;
/** Zones differ from a day of 24 hours by less, and a window opens within as much. */
const slackMs = 2 * dayMs;

/**
 * The first planned time after `after`; at the earliest the start. Planned are startTime + k intervals: hours as they
 * pass, days as the zone counts them. A time outside the run window is planned for the window's next opening.
 */
export const plannedAfter = (schedule: Times, after: Date): Date => {
  let k = kNear(schedule, after.getTime() - slackMs);
  for (;;) {
    const planned = plannedAt(schedule, k++);
    if (planned > after.getTime()) return new Date(planned);
  }
};

/** The last planned time that is not after `now`; undefined before the start. */
export const plannedBefore = (schedule: Times, now: Date): Date | undefined => {
  let k = kNear(schedule, now.getTime() - slackMs);
  let last = plannedAt(schedule, k);
  // Without a window, times are at least an hour apart; with one, several may share its opening.
  while (last > now.getTime()) {
    if (k === 0) return undefined;
    last = plannedAt(schedule, --k);
  }
  for (let next = plannedAt(schedule, k + 1); next <= now.getTime(); next = plannedAt(schedule, ++k + 1)) last = next;
  return new Date(last);
};

/**
 * When a schedule runs next that ran last at `lastRun` (undefined: never). What is overdue is due now, once, whatever has
 * been missed: its planned time is the last one that has passed.
 */
export const nextRunOf = (schedule: Times, lastRun: Date | undefined, now: Date): Date => {
  const passed = plannedBefore(schedule, now);
  if (passed !== undefined && (lastRun === undefined || lastRun < passed)) return passed;
  const after = lastRun !== undefined && lastRun > now ? lastRun : now;
  return plannedAfter(schedule, after);
};

/** Undefined when a run may begin now; else when the window opens next. */
export const opensAt = ({ timeZone = "UTC", runWindow }: Times, now: Date): Date | undefined => {
  if (runWindow === undefined || isOpenAt(runWindow, civilTime(now.getTime(), timeZone))) return undefined;
  return new Date(opening(runWindow, timeZone, now.getTime()));
};

/** A k that is not too large for the first planned time after `instantMs`. */
const kNear = ({ startTime, ...times }: Times, instantMs: number): number =>
  Math.max(0, Math.floor((instantMs - Date.parse(startTime)) / intervalMs(times)) - 1);

export const intervalMs = ({
  frequencyInterval,
  frequencyUnit,
}: Pick<Times, "frequencyInterval" | "frequencyUnit">): number =>
  frequencyInterval * (frequencyUnit === "Day" ? dayMs : hourMs);

const plannedAt = (schedule: Times, k: number): number => {
  const { startTime, timeZone = "UTC", frequencyUnit, runWindow } = schedule;
  const start = Date.parse(startTime);
  const plain =
    frequencyUnit === "Hour" || k === 0
      ? start + k * intervalMs(schedule)
      : instantOf(civilTime(start, timeZone) + k * intervalMs(schedule), timeZone);
  if (runWindow === undefined || isOpenAt(runWindow, civilTime(plain, timeZone))) return plain;
  return opening(runWindow, timeZone, plain);
};

type Window = NonNullable<Times["runWindow"]>;

const isOpenAt = (window: Window, civil: number): boolean => {
  const minute = minuteOfCivilDay(civil);
  const [from, to] = [minutesOfDay(window.from) ?? 0, minutesOfDay(window.to) ?? 0];
  return from < to ? from <= minute && minute < to : minute >= from || minute < to;
};

/** The first opening after the instant. */
const opening = (window: Window, timeZone: string, instantMs: number): number => {
  const fromMs = (minutesOfDay(window.from) ?? 0) * 60_000;
  for (let day = startOfCivilDay(civilTime(instantMs, timeZone)); ; day += dayMs) {
    const opens = instantOf(day + fromMs, timeZone);
    if (opens > instantMs) return opens;
  }
};
