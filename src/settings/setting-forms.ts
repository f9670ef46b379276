import * as z from "zod";
import type { TierLimit } from "../domain/quota.ts";
import { scheduleProblem, type BackupSchedule } from "../domain/schedule.ts";
import { Secret } from "../domain/secret.ts";

/** Settings whose text has a form of its own, for config.ts. */

const listed = (text: string): string[] => text.split(",").map((part) => part.trim());

/** What nobody may see: whatever prints the configuration, it does not print this. */
export const secret = (form: z.ZodType<string> = z.string()) => form.transform((text) => new Secret(text));

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
    return problem(parsed.error.issues.map(({ path, message }) => [...path, message].join(" ")).join("; "));
  const wrong = scheduleProblem(parsed.data);
  return wrong === undefined ? parsed.data : problem(`${wrong.field.split(".").slice(2).join(".")}: ${wrong.reason}`);
});

/** Parts with commas between them; none of them is empty. */
export const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export const port = (fallback: number) =>
  z.coerce
    .number("a port number")
    .int("a port number")
    .min(0, "0 (any free port) or more")
    .max(65535, "65535 at most")
    .default(fallback);

export const flag = z
  .enum(["true", "false", "1", "0"], "true or false")
  .transform((text) => text === "true" || text === "1")
  .default(false);

export const folder = z.string().min(1, "a folder");

export const destination = z
  .string()
  .refine(
    (text) => /^https?:\/\//.test(text) || (text.startsWith("file:///") && isFolderUrl(text)),
    "an https container URL with SAS, or a folder as file:///FOLDER",
  );

/** One that can be taken for a path. */
const isFolderUrl = (text: string): boolean => {
  try {
    return !/%2f|%00/i.test(text) && decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
};

export const scratch = z
  .string()
  .refine(
    (text) => /^(https?|file):\/\/|^UseDevelopmentStorage=|(^|;)(AccountName|BlobEndpoint)=/.test(text),
    "a file: URL, a container's https URL, or a storage account's connection string",
  );

export const azureHosts =
  ".blob.core.windows.net,.blob.storage.azure.net,.blob.core.chinacloudapi.cn,.blob.core.usgovcloudapi.net";

export const hosts = z
  .string()
  .refine(
    (text) =>
      list(text).every((host) => /^\.?(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(host)),
    "hosts like store.example.org, store.example.org:8443 or .example.org, with commas between them",
  );

export const containers = z
  .string()
  .refine(
    (text) => list(text).every((url) => /^https:\/\/[^/?#@\s]+\/[^?#\s]*$/.test(url)),
    "https container URLs without SAS, or https://ACCOUNT/ for all containers of an account, with commas between them",
  );

export const webAddress = z.string().refine((text) => /^https?:\/\/./.test(text) && URL.canParse(text), "an https URL");
export const authority = z
  .string()
  .refine(
    (text) => /^(?:https:\/\/[a-z0-9.-]+|http:\/\/(?:localhost|127\.0\.0\.1))(?::\d{1,5})?\/?$/i.test(text),
    "an https URL without a path",
  );

export const ipAddress = z.union([z.ipv4(), z.ipv6()]);
