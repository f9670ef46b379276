import * as z from "zod";
import type { TierLimit } from "./domain/quota.ts";
import { scheduleProblem, type BackupSchedule } from "./domain/schedule.ts";

/** Settings whose text has a form of its own, for config.ts. */

const listed = (text: string): string[] => text.split(",").map((part) => part.trim());

/** "12", or "Standard=12,Premium=50". */
export const tierLimit = (what: string) =>
  z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) || listed(text).every((part) => /^[A-Za-z0-9 ]+=\d+$/.test(part)),
      `${what}, or tiers like Standard=12,Premium=50`,
    )
    .transform((text): TierLimit => {
      if (/^\d+$/.test(text)) return Number(text);
      return Object.fromEntries(
        listed(text).map((part) => {
          const [tier = "", count] = part.split("=");
          return [tier.trim().toLowerCase(), Number(count)];
        }),
      );
    });

const scheduleFields = z.strictObject({
  frequencyInterval: z.number().default(1),
  frequencyUnit: z.enum(["Day", "Hour"]).default("Day"),
  keepAtLeastOneBackup: z.boolean().default(true),
  retentionPeriodInDays: z.number().default(30),
  startTime: z.string().default("2026-01-01T00:00:00Z"),
  timeZone: z.string().exactOptional(),
  runWindow: z.strictObject({ from: z.string(), to: z.string() }).exactOptional(),
  keepDaily: z.number().exactOptional(),
  keepWeekly: z.number().exactOptional(),
  keepMonthly: z.number().exactOptional(),
});

/** The API's backupSchedule as JSON; what is left out has its default. */
export const schedule = z.string().transform((text, context): BackupSchedule => {
  const problem = (message: string): never => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  const example = `JSON like {"frequencyInterval":1,"frequencyUnit":"Day","startTime":"2026-01-01T02:00:00Z"}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return problem(example);
  }
  const parsed = scheduleFields.safeParse(json);
  if (!parsed.success)
    return problem(parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; "));
  const wrong = scheduleProblem(parsed.data);
  return wrong === undefined ? parsed.data : problem(`${wrong.field.split(".").slice(2).join(".")}: ${wrong.reason}`);
});
