import { Cron } from "croner";
import { parseTimeSpan } from "../time-span.ts";

/** When a timer function runs. */
export type Schedule = {
  /** The first run after `time`, both in milliseconds since 1970. */
  next(time: number): number;
  readonly isCron: boolean;
};

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly { readonly least: number; readonly most: number; readonly names?: readonly string[] }[] = [
  { least: 0, most: 59 },
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: monthNames },
  { least: 0, most: 6, names: dayNames },
];

/** One field of a cron text, written so that croner reads it as the host's NCrontab would; undefined if it is wrong. */
const cronField = (text: string, index: number): string | undefined => {
  const { least, most, names = [] } = fields[index] ?? { least: 0, most: 0 };
  const number = (word: string): number => {
    const named = names.indexOf(word.slice(0, 3).toLowerCase());
    return named === -1 || !/^[a-z]{3,9}$/i.test(word) ? Number(/^\d+$/.exec(word)?.[0] ?? Number.NaN) : named + least;
  };
  const items = text.split(",").map((item) => {
    const found = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    if (!found) return undefined;
    const [, star, first = "", last, step] = found;
    const from = star ? least : number(first);
    const until = star ? most : last ? number(last) : step ? most : from;
    const isWrong = !(from >= least && until <= most && from <= until) || step === "0";
    return isWrong ? undefined : `${from}-${until}/${Math.min(Number(step ?? 1), until - from + 1)}`;
  });
  return items.includes(undefined) ? undefined : star(text) ? text : items.join(",");
};

/** A lone star must stay one: croner treats it unlike a range over everything when it weighs day against weekday. */
const star = (text: string): boolean => text === "*";

const cronSchedule = (text: string): Schedule | undefined => {
  const words = text.trim().split(/\s+/);
  const six = words.length === 5 ? ["0", ...words] : words;
  if (six.length !== 6) return undefined;
  const parts = six.map(cronField);
  if (parts.includes(undefined)) return undefined;
  const cron = new Cron(parts.join(" "), { mode: "6-part", domAndDow: true, timezone: "UTC", paused: true });
  return {
    isCron: true,
    next: (time) => cron.nextRun(new Date(time))?.getTime() ?? Number.POSITIVE_INFINITY,
  };
};

/** Reads a cron text of five or six fields, or a time span; undefined if it is neither. Times are UTC. */
export const parseSchedule = (text: string): Schedule | undefined => {
  const cron = cronSchedule(text);
  if (cron) return cron;
  const interval = parseTimeSpan(text);
  return interval === undefined || interval <= 0 ? undefined : { isCron: false, next: (time) => time + interval };
};

/** Whether a schedule runs more than once a minute; the host then keeps no status of it. */
export const isSubMinute = (schedule: Schedule, now: number): boolean => {
  const first = schedule.next(now);
  const second = schedule.next(first);
  return schedule.isCron ? second < now + 60_000 : second - first < 60_000;
};
