/** When a site is backed up by itself, in ARM's words. Times are UTC. */
export interface BackupSchedule {
  readonly frequencyInterval: number;
  readonly frequencyUnit: "Day" | "Hour";
  readonly keepAtLeastOneBackup: boolean;
  /** 0 = for ever. */
  readonly retentionPeriodInDays: number;
  readonly startTime: string;
  readonly lastExecutionTime?: string;
}

/** What is wrong with a schedule and in which field, or undefined. */
export const scheduleProblem = (
  schedule: BackupSchedule,
): { readonly field: string; readonly reason: string } | undefined => {
  const field = (name: string): string => `properties.backupSchedule.${name}`;
  const { frequencyInterval: interval, retentionPeriodInDays: days, startTime } = schedule;
  const longest = schedule.frequencyUnit === "Day" ? 1_000 : 24_000;
  if (!Number.isInteger(interval) || interval < 1 || interval > longest)
    return { field: field("frequencyInterval"), reason: `${interval} is not a whole number from 1 to ${longest}.` };
  if (!Number.isInteger(days) || days < 0 || days > 9_999_999)
    return { field: field("retentionPeriodInDays"), reason: `${days} is not a whole number from 0 (for ever) on.` };
  if (Number.isNaN(Date.parse(startTime)))
    return { field: field("startTime"), reason: `"${startTime}" is not a date and time such as 2026-01-31T02:00:00Z.` };
  return undefined;
};
