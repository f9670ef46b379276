import * as z from "zod";
import { isMailAddress, webhookForms } from "../domain/alarm.ts";
import { defaultCompression } from "../domain/compression.ts";
import {
  authority,
  azureHosts,
  containers,
  destination,
  flag,
  folder,
  hosts,
  ipAddress,
  list,
  port,
  schedule,
  scratch,
  secret,
  tierLimit,
  webAddress,
} from "./setting-forms.ts";

/** Every setting by its name, with its form and what counts where it is not set. docs/settings.md tells the same (tested). */
export const settings = z.object({
  LIFEBOAT_DATA: folder.optional(),
  LIFEBOAT_PORT: port(7071),
  LIFEBOAT_TLS_PORT: z
    .string()
    .refine((text) => text === "off" || (/^\d{1,5}$/.test(text) && Number(text) <= 65535), "a port number, or off")
    .optional(),
  LIFEBOAT_TLS_CERT: z.string().optional(),
  LIFEBOAT_TLS_KEY: z.string().optional(),
  LIFEBOAT_PROXIES: z
    .string()
    .refine(
      (text) => list(text).every((address) => ipAddress.safeParse(address).success),
      "IP addresses, with commas between them",
    )
    .optional(),
  LIFEBOAT_SITES: folder.optional(),
  LIFEBOAT_SITES_ROOT: folder.optional(),
  LIFEBOAT_SITE_ROOTS: z.string().optional(),
  LIFEBOAT_DESTINATION: secret(destination).optional(),
  LIFEBOAT_FILE_ROOTS: z.string().optional(),
  LIFEBOAT_STORAGE_HOSTS: hosts.default(azureHosts),
  LIFEBOAT_PRIVATE_HOSTS: hosts.optional(),
  LIFEBOAT_IDENTITY_CONTAINERS: containers.optional(),
  LIFEBOAT_ALLOW_HTTP_STORAGE: flag,
  LIFEBOAT_TABLES: secret().optional(),
  LIFEBOAT_SCRATCH: secret(scratch).optional(),
  LIFEBOAT_SEALING_KEYS: secret().optional(),
  LIFEBOAT_SEALING_KEYS_FILE: z.string().optional(),
  LIFEBOAT_KEY_VAULT_SECRET: z
    .string()
    .regex(
      /^https:\/\/[^/?#@\s]+\/secrets\/[0-9A-Za-z-]+$/,
      "a secret's address, https://VAULT.vault.azure.net/secrets/NAME",
    )
    .optional(),
  LIFEBOAT_RECOVERY_KEY: secret().optional(),
  LIFEBOAT_BOOTSTRAP_KEY: secret(z.string().min(24, "at least 24 characters")).optional(),
  LIFEBOAT_ALARM_WEBHOOK: secret(webAddress).optional(),
  LIFEBOAT_ALARM_WEBHOOK_FORM: z.enum(webhookForms, webhookForms.join(", ")).default("cloudevents"),
  LIFEBOAT_ALARM_WEBHOOK_SECRET: secret().optional(),
  LIFEBOAT_ALARM_MAIL_TO: z
    .string()
    .refine((text) => list(text).every(isMailAddress), "mail addresses, with commas between them")
    .optional(),
  LIFEBOAT_ALARM_MAIL_FROM: z.string().default("lifeboat@localhost"),
  LIFEBOAT_SMTP: secret(
    z.string().refine((text) => /^smtps?:\/\/./.test(text), "smtp://USER:PASSWORD@HOST:PORT, or smtps:"),
  ).optional(),
  LIFEBOAT_ALARM_MISSED: z.coerce.number("a number of intervals").min(1, "1 or more intervals").default(2),
  LIFEBOAT_DIGEST_AT: z
    .string()
    .refine((text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text), "a time of day in UTC such as 07:00")
    .optional(),
  LIFEBOAT_HEARTBEAT_URL: secret(webAddress).optional(),
  LIFEBOAT_ENTRA_TENANT: z
    .string()
    .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "the tenant's id, a GUID")
    .optional(),
  LIFEBOAT_ENTRA_AUDIENCE: z
    .string()
    .refine((text) => list(text).length > 0, "an application id URI or client id, or several with commas between them")
    .optional(),
  LIFEBOAT_ENTRA_AUTHORITY: authority.default("https://login.microsoftonline.com"),
  LIFEBOAT_ENTRA_SCOPES: z.enum(["narrow", "grant"], "narrow or grant").default("narrow"),
  LIFEBOAT_COMPRESSION: z.coerce
    .number("a level from 1 to 9")
    .int("a level from 1 to 9")
    .min(1, "a level from 1 to 9")
    .max(9, "a level from 1 to 9")
    .default(defaultCompression),
  LIFEBOAT_UNDO_DAYS: z.coerce.number("days").min(0, "0 or more days").default(3),
  LIFEBOAT_DATABASE_TOOLS: z.string().optional(),
  LIFEBOAT_MAX_BACKUP_BYTES: tierLimit("bytes").optional(),
  LIFEBOAT_BACKUPS_PER_DAY: tierLimit("a number of backups").optional(),
  LIFEBOAT_SCHEDULE: schedule.optional(),
  LIFEBOAT_SPREAD_MINUTES: z.coerce.number("minutes").int("whole minutes").min(0, "0 or more minutes").default(60),
  LIFEBOAT_OPEN_RUNS: z.coerce.number("a number of runs").int("whole runs").min(2, "2 or more runs").default(4),
  LIFEBOAT_RUN_HOURS: z.coerce.number("hours").positive("more than 0 hours").default(24),
});

export type Settings = z.infer<typeof settings>;

export const settingNames: readonly string[] = Object.keys(settings.shape);
