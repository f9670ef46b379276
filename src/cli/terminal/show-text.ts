import { civilTime } from "../../domain/civil-time.ts";

/** Values as people read them. */
export const showCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

/** `1 file`, `12 files`. */
export const showMany = (count: number, one: string, many = `${one}s`): string =>
  `${showCount(count)} ${count === 1 ? one : many}`;

export const showSeconds = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
};

/** Local time, to the minute: what a clock on the wall shows. */
export const showTime = (iso: string): string => {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
};

/** As a clock on a wall of that time zone shows it. */
export const showTimeIn = (iso: string, timeZone: string): string => {
  const civil = new Date(civilTime(Date.parse(iso), timeZone));
  return Number.isNaN(civil.getTime()) ? iso : civil.toISOString().slice(0, 16).replace("T", " ");
};

/** Names in a site may hold anything; a terminal must not obey them. */
export const showName = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });

/** As `showName`, line by line: for logs. */
export const showLines = (text: string): string => text.split("\n").map(showName).join("\n");
