import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { webhookForms } from "./domain/alarm.ts";
import type { TierLimit } from "./domain/quota.ts";
import type { BackupSchedule } from "./domain/schedule.ts";
import { schedule, tierLimit } from "./setting-forms.ts";

/** The only reader of the environment. Every problem is listed at once, with the setting's name and what is expected. */
export interface Config {
  /** Folder of everything this installation keeps on this machine. */
  readonly dataFolder: string;
  readonly httpPort: number;
  /** Undefined: no https here (something in front does it). */
  readonly tlsPort: number | undefined;
  /** The owner's own certificate for https; absent: one signed by the installation's own authority. */
  readonly tlsFiles?: { readonly certFile: string; readonly keyFile: string };
  /** Addresses of reverse proxies in front, which tell how they were addressed. */
  readonly proxies: readonly string[];
  /** Folder of site files. */
  readonly sitesFolder: string;
  /** Where a new site (restore with overwrite false) gets its directory. */
  readonly sitesRoot: string;
  /** In or below these directories lie the sites that the API may describe; `sitesRoot` is always one. */
  readonly siteRoots: readonly string[];
  /** Where backups go when neither request nor configuration names a container; `{site}` is replaced. */
  readonly defaultDestination: string;
  /** In or below these directories `file:` destinations may lie; the data folder's `backups` is always one. */
  readonly fileRoots: readonly string[];
  /** Hosts a storageAccountUrl may name, `host`, `host:port` or `.suffix`; by default those of Azure's clouds. */
  readonly storageHosts: readonly string[];
  /** Hosts of webhooks and heartbeats that may lie in private networks or be this machine, written as those of storage. */
  readonly privateHosts: readonly string[];
  /** Container URLs that need no SAS, since Lifeboat's own identity opens them; one ending with "/" is all of an account. */
  readonly identityContainers: readonly string[];
  /** Plain http to storage on loopback (Azurite). */
  readonly allowHttpStorage: boolean;
  /** Where the catalog lives: SQLite in the data folder, or Table Storage. */
  readonly catalog: { readonly kind: "sqlite" } | { readonly kind: "table"; readonly connection: string };
  /** A run's work storage: a container's URL, or an account's connection string; default: a folder of the data folder. */
  readonly scratch: string;
  /** Keys that seal secrets in the catalog, `id:base64` comma-separated; default: a key file in the data folder. */
  readonly sealingKeys?: string;
  /** A file with such keys, one a line, that others look after. */
  readonly sealingKeysFile?: string;
  /** A secret of Azure Key Vault whose versions are such keys. */
  readonly keyVaultSecret?: string;
  /** Opens the settings inside backups; default: a file in the data folder, or none where the catalog is shared. */
  readonly recoveryKey?: string;
  /** Admin key of a deployment without a data folder. */
  readonly bootstrapKey?: string;
  /** Whose tokens are accepted beside keys. */
  readonly entra?: {
    readonly tenant: string;
    readonly audiences: readonly string[];
    readonly authority: string;
    readonly scopes: "narrow" | "grant";
  };
  /** Days a restore's replaced content is kept for undo; 0 = until it closes. */
  readonly undoDays: number;
  readonly alarms: {
    readonly webhook?: { readonly url: string; readonly form: (typeof webhookForms)[number]; readonly secret?: string };
    readonly mailTo: readonly string[];
    readonly mailFrom: string;
    /** `smtp://` or `smtps://` URL with user and password. */
    readonly mailServer?: string;
    /** So many intervals without a good backup are an alarm. */
    readonly missedIntervals: number;
    /** Minute of the UTC day; absent: no digest. */
    readonly digestMinute?: number;
    readonly heartbeat?: string;
  };
  /** Folders in which the databases' client programs are looked for before PATH. */
  readonly databaseTools: readonly string[];
  /** Largest content one backup may hold, in bytes; absent: no limit. */
  readonly maxBackupBytes?: TierLimit;
  /** How many backups a site may have a day (UTC), by hand and by schedule; absent: no limit. */
  readonly backupsPerDay?: TierLimit;
  /** Of sites without a schedule of their own; absent: none. */
  readonly schedule?: BackupSchedule;
  /** Sites that share that schedule start within so many minutes of its times. */
  readonly spreadMinutes: number;
  /** Planned backups start while fewer runs than this are open, with one place kept for restores. */
  readonly openRuns: number;
  /** Hours after which a backup is ended as TimedOut. */
  readonly runHours: number;
}

export class ConfigProblems extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  ${problems.join("\n  ")}`,
    );
    this.name = "ConfigProblems";
    this.problems = problems;
  }
}

const port = (fallback: number) =>
  z.coerce
    .number("a port number")
    .int("a port number")
    .min(0, "0 (any free port) or more")
    .max(65535, "65535 at most")
    .default(fallback);

const flag = z
  .enum(["true", "false", "1", "0"], "true or false")
  .transform((text) => text === "true" || text === "1")
  .default(false);

const folder = z.string().min(1, "a folder");

const destination = z
  .string()
  .refine((text) => /^(https?|file):\/\//.test(text), "an https container URL with SAS, or a file: URL");

const scratch = z
  .string()
  .refine(
    (text) => /^(https?|file):\/\/|^UseDevelopmentStorage=|(^|;)(AccountName|BlobEndpoint)=/.test(text),
    "a file: URL, a container's https URL, or a storage account's connection string",
  );

const azureHosts =
  ".blob.core.windows.net,.blob.storage.azure.net,.blob.core.chinacloudapi.cn,.blob.core.usgovcloudapi.net";

const hosts = z
  .string()
  .refine(
    (text) =>
      list(text).every((host) => /^\.?(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(host)),
    "hosts like store.example.org, store.example.org:8443 or .example.org, with commas between them",
  );

const containers = z
  .string()
  .refine(
    (text) => list(text).every((url) => /^https:\/\/[^/?#@\s]+\/[^?#\s]*$/.test(url)),
    "https container URLs without SAS, or https://ACCOUNT/ for all containers of an account, with commas between them",
  );

const webAddress = z.string().refine((text) => /^https?:\/\/./.test(text) && URL.canParse(text), "an https URL");
const authority = z
  .string()
  .refine(
    (text) => /^(?:https:\/\/[a-z0-9.-]+|http:\/\/(?:localhost|127\.0\.0\.1))(?::\d{1,5})?\/?$/i.test(text),
    "an https URL without a path",
  );

const ipAddress = z.union([z.ipv4(), z.ipv6()]);

const settings = z.object({
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
  LIFEBOAT_DESTINATION: destination.optional(),
  LIFEBOAT_FILE_ROOTS: z.string().optional(),
  LIFEBOAT_STORAGE_HOSTS: hosts.default(azureHosts),
  LIFEBOAT_PRIVATE_HOSTS: hosts.optional(),
  LIFEBOAT_IDENTITY_CONTAINERS: containers.optional(),
  LIFEBOAT_ALLOW_HTTP_STORAGE: flag,
  LIFEBOAT_TABLES: z.string().optional(),
  LIFEBOAT_SCRATCH: scratch.optional(),
  LIFEBOAT_SEALING_KEYS: z.string().optional(),
  LIFEBOAT_SEALING_KEYS_FILE: z.string().optional(),
  LIFEBOAT_KEY_VAULT_SECRET: z
    .string()
    .regex(
      /^https:\/\/[^/?#@\s]+\/secrets\/[0-9A-Za-z-]+$/,
      "a secret's address, https://VAULT.vault.azure.net/secrets/NAME",
    )
    .optional(),
  LIFEBOAT_RECOVERY_KEY: z.string().optional(),
  LIFEBOAT_BOOTSTRAP_KEY: z.string().min(24, "at least 24 characters").optional(),
  LIFEBOAT_ALARM_WEBHOOK: webAddress.optional(),
  LIFEBOAT_ALARM_WEBHOOK_FORM: z.enum(webhookForms, webhookForms.join(", ")).default("cloudevents"),
  LIFEBOAT_ALARM_WEBHOOK_SECRET: z.string().optional(),
  LIFEBOAT_ALARM_MAIL_TO: z
    .string()
    .refine(
      (text) => list(text).every((address) => /^[^\s@,]+@[^\s@,]+$/.test(address)),
      "mail addresses, with commas between them",
    )
    .optional(),
  LIFEBOAT_ALARM_MAIL_FROM: z.string().default("lifeboat@localhost"),
  LIFEBOAT_SMTP: z
    .string()
    .refine((text) => /^smtps?:\/\/./.test(text), "smtp://USER:PASSWORD@HOST:PORT, or smtps:")
    .optional(),
  LIFEBOAT_ALARM_MISSED: z.coerce.number("a number of intervals").min(1, "1 or more intervals").default(2),
  LIFEBOAT_DIGEST_AT: z
    .string()
    .refine((text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text), "a time of day in UTC such as 07:00")
    .optional(),
  LIFEBOAT_HEARTBEAT_URL: webAddress.optional(),
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
  LIFEBOAT_UNDO_DAYS: z.coerce.number("days").min(0, "0 or more days").default(3),
  LIFEBOAT_DATABASE_TOOLS: z.string().optional(),
  LIFEBOAT_MAX_BACKUP_BYTES: tierLimit("bytes").optional(),
  LIFEBOAT_BACKUPS_PER_DAY: tierLimit("a number of backups").optional(),
  LIFEBOAT_SCHEDULE: schedule.optional(),
  LIFEBOAT_SPREAD_MINUTES: z.coerce.number("minutes").int("whole minutes").min(0, "0 or more minutes").default(60),
  LIFEBOAT_OPEN_RUNS: z.coerce.number("a number of runs").int("whole runs").min(2, "2 or more runs").default(4),
  LIFEBOAT_RUN_HOURS: z.coerce.number("hours").positive("more than 0 hours").default(24),
});

type Settings = z.infer<typeof settings>;

// Settings that other readers own: the test runner, the command line, the host's task hub.
const knownElsewhere = new Set([
  "LIFEBOAT_URL",
  "LIFEBOAT_KEY",
  "LIFEBOAT_KEY_FILE",
  "LIFEBOAT_CA_FILE",
  "LIFEBOAT_AUDIENCE",
  "LIFEBOAT_PROFILE",
  "LIFEBOAT_REQUIRE",
  "LIFEBOAT_HUB",
  "LIFEBOAT_KILLS",
  "LIFEBOAT_FUZZ",
  "LIFEBOAT_BENCH_DIR",
]);
export const settingNames: readonly string[] = Object.keys(settings.shape);

const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Reads settings; an empty one counts as not set. Throws ConfigProblems. */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith("LIFEBOAT_") && value),
  );
  const unknown = Object.keys(given).filter(
    (name) => !settingNames.includes(name) && !knownElsewhere.has(name) && !name.startsWith("LIFEBOAT_TEST_"),
  );
  const parsed = settings.safeParse(given);
  const lonely = ["LIFEBOAT_TLS_CERT", "LIFEBOAT_TLS_KEY"].filter((name) => given[name] !== undefined);
  const problems = [
    ...notShared(given),
    ...(given["LIFEBOAT_ALARM_MAIL_TO"] !== undefined && given["LIFEBOAT_SMTP"] === undefined
      ? ["LIFEBOAT_SMTP: must be set where LIFEBOAT_ALARM_MAIL_TO is: smtp://USER:PASSWORD@HOST:PORT"]
      : []),
    ...keySettingProblems(given),
    ...(lonely.length === 1
      ? [`${lonely.join("")}: certificate and key come together (LIFEBOAT_TLS_CERT and LIFEBOAT_TLS_KEY).`]
      : []),
    ...halfEntra(given),
    ...(parsed.error?.issues ?? []).map(
      (issue) =>
        `${String(issue.path[0])}: ${issue.message.replace(/^Invalid input: expected /, "expected ")} (is "${shown(String(issue.path[0]), given)}")`,
    ),
    ...unknown.map((name) => `${name}: no such setting. Known: ${settingNames.join(", ")}`),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigProblems(problems);
  return toConfig(parsed.data);
};

/** A tenant alone would accept tokens that were meant for others. */
const halfEntra = (given: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const missing = ["LIFEBOAT_ENTRA_TENANT", "LIFEBOAT_ENTRA_AUDIENCE"].filter((name) => given[name] === undefined);
  const isWanted = Object.keys(given).some((name) => name.startsWith("LIFEBOAT_ENTRA_"));
  return isWanted ? missing.map((name) => `${name}: must be set to accept tokens of Entra ID.`) : [];
};

/** A catalog in Table Storage has several instances, on machines that come and go. */
const notShared = (given: Readonly<Record<string, string | undefined>>): readonly string[] =>
  given["LIFEBOAT_TABLES"] === undefined
    ? []
    : [keySettings, ["LIFEBOAT_SCRATCH"], ["LIFEBOAT_DESTINATION"]]
        .filter((names) => names.every((name) => given[name] === undefined))
        .map(
          (names) => `${names.join(" or ")}: must be set where LIFEBOAT_TABLES is, for every instance needs the same.`,
        );

/** Where sealing keys come from: one of them. */
const keySettings = ["LIFEBOAT_SEALING_KEYS", "LIFEBOAT_SEALING_KEYS_FILE", "LIFEBOAT_KEY_VAULT_SECRET"];

const keySettingProblems = (given: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const set = keySettings.filter((name) => given[name] !== undefined);
  return set.length > 1 ? [`${set.join(", ")}: keys come from one place. Set one of them.`] : [];
};

const shown = (name: string, given: Readonly<Record<string, string | undefined>>): string =>
  /KEY|DESTINATION|SCRATCH|TABLES|SECRET|SMTP|WEBHOOK$|HEARTBEAT/.test(name) ? "[hidden]" : (given[name] ?? "");

/** The installation's own destination without a SAS can only be meant for its identity. */
const keyless = (destinationUrl: string): readonly string[] =>
  destinationUrl.startsWith("https://") && !/[?{]/.test(destinationUrl) ? [destinationUrl.replace(/\/+$/, "")] : [];

/** Whoever lets the system choose the port of http does not care for that of https either. */
const tlsPortOf = ({ LIFEBOAT_TLS_PORT: given, LIFEBOAT_PORT: http }: Settings): number | undefined => {
  if (given === "off") return undefined;
  return given === undefined ? (http === 0 ? 0 : 7443) : Number(given);
};

const tlsFilesOf = ({ LIFEBOAT_TLS_CERT: cert, LIFEBOAT_TLS_KEY: key }: Settings): Pick<Config, "tlsFiles"> =>
  cert === undefined || key === undefined ? {} : { tlsFiles: { certFile: resolve(cert), keyFile: resolve(key) } };

const alarmsOf = (value: Settings): Config["alarms"] => {
  const {
    LIFEBOAT_ALARM_WEBHOOK: url,
    LIFEBOAT_ALARM_WEBHOOK_FORM: form,
    LIFEBOAT_ALARM_WEBHOOK_SECRET: secret,
  } = value;
  const [hours = 0, minutes = 0] = (value.LIFEBOAT_DIGEST_AT ?? "").split(":").map(Number);
  return {
    ...(url === undefined ? {} : { webhook: { url, form, ...(secret === undefined ? {} : { secret }) } }),
    mailTo: list(value.LIFEBOAT_ALARM_MAIL_TO ?? ""),
    mailFrom: value.LIFEBOAT_ALARM_MAIL_FROM,
    ...(value.LIFEBOAT_SMTP === undefined ? {} : { mailServer: value.LIFEBOAT_SMTP }),
    missedIntervals: value.LIFEBOAT_ALARM_MISSED,
    ...(value.LIFEBOAT_DIGEST_AT === undefined ? {} : { digestMinute: hours * 60 + minutes }),
    ...(value.LIFEBOAT_HEARTBEAT_URL === undefined ? {} : { heartbeat: value.LIFEBOAT_HEARTBEAT_URL }),
  };
};

const entraOf = ({
  LIFEBOAT_ENTRA_TENANT: tenant,
  LIFEBOAT_ENTRA_AUDIENCE: audience,
  LIFEBOAT_ENTRA_AUTHORITY: authority,
  LIFEBOAT_ENTRA_SCOPES: scopes,
}: Settings): Pick<Config, "entra"> =>
  tenant === undefined || audience === undefined
    ? {}
    : { entra: { tenant, audiences: list(audience), authority: authority.replace(/\/$/, ""), scopes } };

const toConfig = (value: Settings): Config => {
  const dataFolder = resolve(value.LIFEBOAT_DATA ?? join(homedir(), ".lifeboat"));
  const backups = join(dataFolder, "backups");
  const sitesRoot = resolve(value.LIFEBOAT_SITES_ROOT ?? join(dataFolder, "www"));
  const defaultDestination = value.LIFEBOAT_DESTINATION ?? `${pathToFileURL(backups).href}/{site}`;
  return {
    dataFolder,
    httpPort: value.LIFEBOAT_PORT,
    tlsPort: tlsPortOf(value),
    ...tlsFilesOf(value),
    proxies: list(value.LIFEBOAT_PROXIES ?? ""),
    sitesFolder: resolve(value.LIFEBOAT_SITES ?? join(dataFolder, "sites")),
    sitesRoot,
    siteRoots: [sitesRoot, ...list(value.LIFEBOAT_SITE_ROOTS ?? "").map((path) => resolve(path))],
    defaultDestination,
    fileRoots: [backups, ...list(value.LIFEBOAT_FILE_ROOTS ?? "").map((path) => resolve(path))],
    storageHosts: list(value.LIFEBOAT_STORAGE_HOSTS),
    privateHosts: list(value.LIFEBOAT_PRIVATE_HOSTS ?? ""),
    identityContainers: [...keyless(defaultDestination), ...list(value.LIFEBOAT_IDENTITY_CONTAINERS ?? "")],
    allowHttpStorage: value.LIFEBOAT_ALLOW_HTTP_STORAGE,
    catalog:
      value.LIFEBOAT_TABLES === undefined ? { kind: "sqlite" } : { kind: "table", connection: value.LIFEBOAT_TABLES },
    scratch: value.LIFEBOAT_SCRATCH ?? pathToFileURL(join(dataFolder, "scratch")).href,
    ...(value.LIFEBOAT_SEALING_KEYS === undefined ? {} : { sealingKeys: value.LIFEBOAT_SEALING_KEYS }),
    ...(value.LIFEBOAT_SEALING_KEYS_FILE === undefined
      ? {}
      : { sealingKeysFile: resolve(value.LIFEBOAT_SEALING_KEYS_FILE) }),
    ...(value.LIFEBOAT_KEY_VAULT_SECRET === undefined ? {} : { keyVaultSecret: value.LIFEBOAT_KEY_VAULT_SECRET }),
    ...(value.LIFEBOAT_RECOVERY_KEY === undefined ? {} : { recoveryKey: value.LIFEBOAT_RECOVERY_KEY }),
    ...(value.LIFEBOAT_BOOTSTRAP_KEY === undefined ? {} : { bootstrapKey: value.LIFEBOAT_BOOTSTRAP_KEY }),
    alarms: alarmsOf(value),
    ...entraOf(value),
    databaseTools: list(value.LIFEBOAT_DATABASE_TOOLS ?? "").map((path) => resolve(path)),
    undoDays: value.LIFEBOAT_UNDO_DAYS,
    ...(value.LIFEBOAT_MAX_BACKUP_BYTES === undefined ? {} : { maxBackupBytes: value.LIFEBOAT_MAX_BACKUP_BYTES }),
    ...(value.LIFEBOAT_BACKUPS_PER_DAY === undefined ? {} : { backupsPerDay: value.LIFEBOAT_BACKUPS_PER_DAY }),
    ...(value.LIFEBOAT_SCHEDULE === undefined ? {} : { schedule: value.LIFEBOAT_SCHEDULE }),
    spreadMinutes: value.LIFEBOAT_SPREAD_MINUTES,
    openRuns: value.LIFEBOAT_OPEN_RUNS,
    runHours: value.LIFEBOAT_RUN_HOURS,
  };
};
