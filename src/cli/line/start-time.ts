import { civilTime, dayMs, instantOf, minutesOfDay, startOfCivilDay } from "../../domain/civil-time.ts";

const written = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i;

/** The time zone of this machine's clock, by which times are shown. */
export const machineZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * `02:00` (the next one), `2026-12-01T02:00`, `2026-12-01`: on the clocks of the time zone, unless the text ends with `Z` or an
 * offset of its own. Undefined: it is none of these, there is no such day, or its clocks leave that time out: what is planned
 * from then on would begin at another time of day for good.
 */
export const startTime = (text: string, timeZone: string, now: Date): Date | undefined => {
  const minutes = minutesOfDay(text);
  if (minutes !== undefined) return nextAt(minutes, timeZone, now);
  const [, date, time = "00:00", offset] = written.exec(text) ?? [];
  const civil = Date.parse(`${date}T${time}Z`);
  // The 31st of February would be taken for the 3rd of March.
  if (date === undefined || Number.isNaN(civil) || !new Date(civil).toISOString().startsWith(date)) return undefined;
  const instant =
    offset === undefined ? shownAt(civil, timeZone) : Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  return instant === undefined || Number.isNaN(instant) ? undefined : new Date(instant);
};

/** The next one that the clocks show. */
const nextAt = (minutes: number, timeZone: string, now: Date): Date => {
  for (let civil = startOfCivilDay(civilTime(now.getTime(), timeZone)) + minutes * 60_000; ; civil += dayMs) {
    const next = shownAt(civil, timeZone);
    if (next !== undefined && next > now.getTime()) return new Date(next);
  }
};

const shownAt = (civil: number, timeZone: string): number | undefined => {
  const instant = instantOf(civil, timeZone);
  return civilTime(instant, timeZone) === civil ? instant : undefined;
};
