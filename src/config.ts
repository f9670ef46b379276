import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { webhookForms } from "./domain/alarm.ts";
import type { TierLimit } from "./domain/quota.ts";
import type { BackupSchedule } from "./domain/schedule.ts";
import { Secret } from "./domain/secret.ts";
import { list } from "./settings/setting-forms.ts";
import { settingProblems } from "./settings/setting-problems.ts";
import { settings, type Settings } from "./settings/settings.ts";

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
  readonly defaultDestination: Secret;
  /** In or below these directories `file:` destinations may lie; `backups` and the own destination's folder always may. */
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
  readonly catalog: { readonly kind: "sqlite" } | { readonly kind: "table"; readonly connection: Secret };
  /** Names the store of workflows, which instances in the cloud share. */
  readonly hub?: string;
  /** A run's work storage: a container's URL, or an account's connection string; default: a folder of the data folder. */
  readonly scratch: Secret;
  /** Keys that seal secrets in the catalog, `id:base64` comma-separated; default: a key file in the data folder. */
  readonly sealingKeys?: Secret;
  /** A file with such keys, one a line, that others look after. */
  readonly sealingKeysFile?: string;
  /** A secret of Azure Key Vault whose versions are such keys. */
  readonly keyVaultSecret?: string;
  /** Opens the settings inside backups; default: a file in the data folder, or none where the catalog is shared. */
  readonly recoveryKey?: Secret;
  /** Admin key of a deployment without a data folder. */
  readonly bootstrapKey?: Secret;
  /** Whose tokens are accepted beside keys. */
  readonly entra?: {
    readonly tenant: string;
    readonly audiences: readonly string[];
    readonly authority: string;
    readonly scopes: "narrow" | "grant";
  };
  /** How hard files are deflated, from 1 to 9. */
  readonly compression: number;
  /** Days a restore's replaced content is kept for undo; 0 = until it closes. */
  readonly undoDays: number;
  readonly alarms: {
    readonly webhook?: { readonly url: Secret; readonly form: (typeof webhookForms)[number]; readonly secret?: Secret };
    readonly mailTo: readonly string[];
    readonly mailFrom: string;
    /** `smtp://` or `smtps://` URL with user and password. */
    readonly mailServer?: Secret;
    /** So many intervals without a good backup are an alarm. */
    readonly missedIntervals: number;
    /** Minute of the UTC day; absent: no digest. */
    readonly digestMinute?: number;
    readonly heartbeat?: Secret;
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

/** Reads settings; an empty one counts as not set. Throws ConfigProblems. */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith("LIFEBOAT_") && value),
  );
  const parsed = settings.safeParse(given);
  const problems = settingProblems(given, parsed.error?.issues ?? []);
  if (!parsed.success || problems.length > 0) throw new ConfigProblems(problems);
  const hub = given["LIFEBOAT_HUB"];
  return { ...toConfig(parsed.data), ...(hub === undefined ? {} : { hub }) };
};

/** The installation's own destination without a SAS can only be meant for its identity. */
const keyless = (destination: Secret): readonly string[] => {
  const url = destination.reveal();
  return url.startsWith("https://") && !/[?{]/.test(url) ? [url.replace(/\/+$/, "")] : [];
};

/** Nobody has to allow a second time what he has named himself: the folder of the destination, above the site's name. */
const ownRoot = (destination: Secret): readonly string[] => {
  const [before = "", ...behind] = destination.reveal().split("{site}");
  if (!before.startsWith("file:")) return [];
  const folder = fileURLToPath(behind.length === 0 ? before : before.slice(0, before.lastIndexOf("/") + 1));
  return folder === "/" ? [] : [resolve(folder)];
};

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
  const defaultDestination = value.LIFEBOAT_DESTINATION ?? new Secret(`${pathToFileURL(backups).href}/{site}`);
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
    fileRoots: [
      backups,
      ...list(value.LIFEBOAT_FILE_ROOTS ?? "").map((path) => resolve(path)),
      ...(value.LIFEBOAT_DESTINATION === undefined ? [] : ownRoot(value.LIFEBOAT_DESTINATION)),
    ],
    storageHosts: list(value.LIFEBOAT_STORAGE_HOSTS),
    privateHosts: list(value.LIFEBOAT_PRIVATE_HOSTS ?? ""),
    identityContainers: [...keyless(defaultDestination), ...list(value.LIFEBOAT_IDENTITY_CONTAINERS ?? "")],
    allowHttpStorage: value.LIFEBOAT_ALLOW_HTTP_STORAGE,
    catalog:
      value.LIFEBOAT_TABLES === undefined ? { kind: "sqlite" } : { kind: "table", connection: value.LIFEBOAT_TABLES },
    scratch: value.LIFEBOAT_SCRATCH ?? new Secret(pathToFileURL(join(dataFolder, "scratch")).href),
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
    compression: value.LIFEBOAT_COMPRESSION,
    undoDays: value.LIFEBOAT_UNDO_DAYS,
    ...(value.LIFEBOAT_MAX_BACKUP_BYTES === undefined ? {} : { maxBackupBytes: value.LIFEBOAT_MAX_BACKUP_BYTES }),
    ...(value.LIFEBOAT_BACKUPS_PER_DAY === undefined ? {} : { backupsPerDay: value.LIFEBOAT_BACKUPS_PER_DAY }),
    ...(value.LIFEBOAT_SCHEDULE === undefined ? {} : { schedule: value.LIFEBOAT_SCHEDULE }),
    spreadMinutes: value.LIFEBOAT_SPREAD_MINUTES,
    openRuns: value.LIFEBOAT_OPEN_RUNS,
    runHours: value.LIFEBOAT_RUN_HOURS,
  };
};
