import type { Backup } from "./backup.ts";
import { dayMs } from "./civil-time.ts";

/** A limit for every tier, or one for each named (in lower case); a tier that is not named has none. */
export type TierLimit = number | Readonly<Record<string, number>>;

export const limitOf = (limit: TierLimit | undefined, tier: string): number | undefined =>
  typeof limit === "object" ? limit[tier.toLowerCase()] : limit;

/**
 * When the next backup may be made where so many a day are allowed: undefined, now. A day is one of UTC; what was made by
 * hand and by a schedule counts alike, also what failed or was deleted since; what was skipped does not.
 */
export const nextFreeTime = (backups: readonly Backup[], perDay: number, now: Date): Date | undefined => {
  const today = Math.floor(now.getTime() / dayMs) * dayMs;
  // What a clock that was ahead has dated is of no day yet.
  const isToday = (time: number): boolean => time >= today && time < today + dayMs;
  const made = backups.filter(({ created, status }) => status !== "Skipped" && isToday(Date.parse(created))).length;
  return made >= perDay ? new Date(today + dayMs) : undefined;
};
