import { slightMs } from "../clock.ts";
import type { TimerStatus, TimerStatusStore } from "../durable/types.ts";
import { isSubMinute, type Schedule } from "./schedule.ts";

/** A timer's place in its schedule, in milliseconds; `last` is undefined before the first run. */
export type Place = { readonly last: number | undefined; readonly next: number; readonly lastUpdated: number };

const never = "0001-01-01T00:00:00+00:00";
const text = (time: number | undefined): string =>
  time === undefined ? never : new Date(time).toISOString().replace(/(?:\.000)?Z$/, "+00:00");

/** The status as the store and the function see it. */
export const timerStatus = ({ last, next, lastUpdated }: Place): TimerStatus => ({
  last: text(last),
  next: text(next),
  lastUpdated: text(lastUpdated),
});

const place = (status: TimerStatus): Place => ({
  last: status.last === never ? undefined : Date.parse(status.last),
  next: Date.parse(status.next),
  lastUpdated: Date.parse(status.lastUpdated),
});

/** Whether a clock that has been put back since has left the place: it would else wait for a time that is long to come. */
export const isAhead = ({ lastUpdated }: Place, now: number): boolean => lastUpdated - now > slightMs;

type Resumed = { readonly place: Place; readonly isPastDue: boolean };

/**
 * Where a timer goes on after a start, by the host's rules: a missed run makes it past due, unless it never ran or its
 * schedule was changed meanwhile, or its place is one of a clock that was ahead; then it waits for the next turn.
 */
export const resumePlace = (schedule: Schedule, stored: TimerStatus | undefined, now: number): Resumed => {
  const fresh: Place = { last: undefined, next: schedule.next(now), lastUpdated: now };
  if (!stored) return { place: fresh, isPastDue: false };
  const known = place(stored);
  if (isAhead(known, now)) return { place: fresh, isPastDue: false };
  const expected = schedule.next(known.last ?? now);
  if (known.next === expected) return { place: known, isPastDue: now > known.next };
  if (now > expected) return { place: fresh, isPastDue: false };
  return { place: { ...known, last: undefined, next: expected }, isPastDue: false };
};

/** The store a schedule's status is kept in; undefined for those that run more than once a minute. */
export const monitorOf = (
  { schedule, useMonitor }: { readonly schedule: Schedule; readonly useMonitor: boolean },
  store: TimerStatusStore,
  now: number,
): TimerStatusStore | undefined => (useMonitor && !isSubMinute(schedule, now) ? store : undefined);
