import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { machineZone, startTime } from "./start-time.ts";

const hoursOf = { h: 1, d: 24, w: 168 } as const;

/** `12h`, `1d`, `4w` as hours. */
export const hoursIn = (text: string, option: string): number => {
  const [, count, unit] = /^(\d{1,5})\s*([hdw])$/i.exec(text.trim()) ?? [];
  const key = unit?.toLowerCase();
  if (count === undefined || (key !== "h" && key !== "d" && key !== "w") || Number(count) === 0)
    throw new CommandFailure(
      exitCodes.usage,
      "DurationInvalid",
      `${option}: "${text}" is not a time such as 12h, 1d or 4w.`,
    );
  return Number(count) * hoursOf[key];
};

/** When something ends: a time from now on, or a date on the clocks of the time zone. */
export const expiryOf = (text: string, now: Date, timeZone = machineZone()): string => {
  if (/^\d+\s*[hdw]$/i.test(text.trim()))
    return new Date(now.getTime() + hoursIn(text, "--expires") * 3_600_000).toISOString();
  const time = startTime(text, timeZone, now);
  if (time === undefined || time <= now)
    throw new CommandFailure(
      exitCodes.usage,
      "DateInvalid",
      `--expires: "${text}" is neither a time from now such as 30d nor a date to come such as 2027-01-31.`,
    );
  return time.toISOString();
};
