/** What a clock on the wall of a time zone shows, as milliseconds of a UTC day of the same figures: it can be added to. */
type CivilMs = number;

const minuteMs = 60_000;
export const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const found = formats.get(timeZone);
  if (found !== undefined) return found;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(timeZone, made);
  return made;
};

/** An IANA name such as Europe/Berlin. */
export const isTimeZone = (text: string): boolean => {
  try {
    formatOf(text);
    return true;
  } catch {
    return false;
  }
};

export const civilTime = (instantMs: number, timeZone: string): CivilMs => {
  if (timeZone === "UTC") return instantMs;
  const parts = formatOf(timeZone).formatToParts(instantMs);
  const figure = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? Number.NaN);
  const second = Math.floor(instantMs / 1_000) * 1_000;
  const civil = Date.UTC(
    figure("year"),
    figure("month") - 1,
    figure("day"),
    figure("hour"),
    figure("minute"),
    figure("second"),
  );
  return civil + (instantMs - second);
};

/**
 * The instant at which the zone's clocks show `civil`. A time that is there twice (clocks put back) is the first of the
 * two; one that is not there (clocks put forward) is as much later as the clocks were put forward.
 */
export const instantOf = (civil: CivilMs, timeZone: string): number => {
  if (timeZone === "UTC") return civil;
  const offsetAt = (instantMs: number): number => civilTime(instantMs, timeZone) - instantMs;
  const before = civil - offsetAt(civil - dayMs);
  const after = civil - offsetAt(civil + dayMs);
  const shown = [before, after].filter((instantMs) => civilTime(instantMs, timeZone) === civil);
  return shown.length === 0 ? before : Math.min(...shown);
};

/** "22:30" as minutes since midnight, or undefined. */
export const minutesOfDay = (text: string): number | undefined => {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
};

export const minuteOfCivilDay = (civil: CivilMs): number => Math.floor((civil - startOfCivilDay(civil)) / minuteMs);

export const startOfCivilDay = (civil: CivilMs): CivilMs => Math.floor(civil / dayMs) * dayMs;
