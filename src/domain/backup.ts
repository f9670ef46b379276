import type { KeptDatabases } from "./database.ts";
import type { SiteId } from "./site.ts";

/**
 * What a caller may conclude from each status stands in docs/api.md. The numbers are ARM's, sent to clients of api-version
 * 2015-08-01 and older.
 */
export const statusNumber = {
  InProgress: 0,
  Failed: 1,
  Succeeded: 2,
  TimedOut: 3,
  Created: 4,
  Skipped: 5,
  PartiallySucceeded: 6,
  DeleteInProgress: 7,
  DeleteFailed: 8,
  Deleted: 9,
} as const;

export type BackupStatus = keyof typeof statusNumber;
// Safe: the keys of the literal above.
export const backupStatuses = Object.keys(statusNumber) as readonly BackupStatus[];

const nextStatuses: Readonly<Record<BackupStatus, readonly BackupStatus[]>> = {
  Created: ["InProgress", "Skipped", "Failed", "TimedOut", "DeleteInProgress"],
  InProgress: ["Succeeded", "PartiallySucceeded", "Failed", "TimedOut", "DeleteInProgress"],
  Succeeded: ["DeleteInProgress"],
  PartiallySucceeded: ["DeleteInProgress"],
  Failed: ["DeleteInProgress"],
  TimedOut: ["DeleteInProgress"],
  Skipped: ["DeleteInProgress"],
  DeleteInProgress: ["Deleted", "DeleteFailed"],
  DeleteFailed: ["DeleteInProgress"],
  Deleted: [],
};

export const mayBecome = (from: BackupStatus, to: BackupStatus): boolean => nextStatuses[from].includes(to);

export const isRestorable = (status: BackupStatus): boolean =>
  status === "Succeeded" || status === "PartiallySucceeded";

/** Restorable, nobody has found otherwise since, and it is no picture of a site that had lost its files. */
export const isSound = ({ status, damaged, served }: Pick<Backup, "status" | "damaged" | "served">): boolean =>
  isRestorable(status) && damaged === undefined && served !== "gone";

/** Whether there were files to serve; `gone`: none, though a good backup before it holds some. */
export const servedStates = ["present", "none", "gone"] as const;
type Served = (typeof servedStates)[number];

/**
 * The newest backup that holds files to serve where today's site has none, also one that was found damaged since. Backups of
 * older versions tell only of all files together.
 */
export const backupWithFiles = (
  today: { readonly serves: boolean; readonly files: number },
  before: readonly Backup[],
): Backup | undefined =>
  today.serves
    ? undefined
    : before.findLast(
        (one) =>
          isRestorable(one.status) &&
          (one.served === undefined ? today.files === 0 && (one.files ?? 0) > 0 : one.served === "present"),
      );

export const isOpen = (status: BackupStatus): boolean => status === "Created" || status === "InProgress";

/** One numbered copy of a site. The catalog row holding it is the truth about the backup. */
export interface Backup extends KeptDatabases {
  readonly site: SiteId;
  readonly id: number;
  /** As the caller wished, without ".zip". */
  readonly name: string;
  /** The base of the blobs' names; differs from `name` where that was taken. */
  readonly blobBase: string;
  readonly status: BackupStatus;
  readonly scheduled: boolean;
  /** The time a schedule had it planned for. */
  readonly planned?: string;
  /** The container's or directory's URL without its secret. */
  readonly destination: string;
  readonly correlationId: string;
  /** A database that cannot be dumped makes it PartiallySucceeded instead of Failed. */
  readonly continueOnDatabaseError?: boolean;
  /** The run that makes it, once it has one; the zip's metadata names it too. */
  readonly run?: string;
  /** Runs of it that were believed dead and taken over from, oldest first: what they may still write is not the backup's. */
  readonly formerRuns?: readonly string[];
  readonly created: string;
  readonly started?: string;
  readonly finished?: string;
  readonly lastRestored?: string;
  /** When its deletion ended. */
  readonly removed?: string;
  /** On-demand backups only: when retention may remove it. Absent: never. */
  readonly expires?: string;
  readonly sizeBytes: number;
  /** Of its files before packing. */
  readonly siteBytes?: number;
  /** Of its dumps before packing; absent without any. */
  readonly databaseBytes?: number;
  readonly files?: number;
  /** Of what lies in site/wwwroot, what the filter leaves out counted too; absent in backups of older versions. */
  readonly served?: Served;
  readonly leftOut?: number;
  /** Of the filter in force: 0 means that nothing was kept out of it on purpose. */
  readonly filterLines?: number;
  readonly reusedBytes?: number;
  /** SHA-256 over the central directory and its length: what this backup is, wherever it is copied to. */
  readonly commitId?: string;
  /** When its archive was found damaged; gone again once all of it was read and found whole. */
  readonly damaged?: string;
  /** How many fulls in a row were built on reuse; 0 = packed from scratch. */
  readonly chain?: number;
  /** What a person should know: warnings, left-out files, or why it failed. At most 16 KiB. */
  readonly log?: string;
}

export const zipName = (blobBase: string): string => `${blobBase}.zip`;
export const manifestName = (blobBase: string): string => `${blobBase}.xml`;
export const logName = (blobBase: string): string => `${blobBase}.log`;

const stamp = (now: Date): string => now.toISOString().replace(/\D/g, "");

/** `shop_202611210405` when the caller gave no name. */
export const defaultBackupName = (siteName: string, now: Date): string => `${siteName}_${stamp(now).slice(0, 12)}`;

/** A name that is taken never overwrites: a time stamp is appended (App Service overwrites, and people lost backups by it). */
export const nameWithStamp = (name: string, now: Date, attempt: number): string =>
  `${name}_${stamp(now).slice(0, attempt === 0 ? 14 : 17)}${attempt > 1 ? `_${attempt}` : ""}`;

/** Why a backup cannot have this name, or undefined. Slashes make folders in the container and are welcome. */
export const nameProblem = (name: string): string | undefined => {
  if (name.length === 0) return "it is empty";
  if (name.length > 200) return "it is longer than 200 characters";
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (/[\u0000-\u001f\u007f\\?#%*:|"<>]/.test(name))
    return 'it holds a control character or one of \\ ? # % * : | " < >';
  const segments = name.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === ".."))
    return 'it has an empty, "." or ".." segment';
  if (segments.some((segment) => segment.startsWith(".lifeboat") || /[. ]$/.test(segment)))
    return 'a segment begins with ".lifeboat" or ends with a dot or a space';
  return undefined;
};

export const maxLogBytes = 16 * 1024;

/** As many lines as fit into a row's log; the last one says how many more stand in NAME.log. */
export const shortenLog = (lines: readonly string[], fullLog: string): string => {
  const kept: string[] = [];
  let bytes = 0;
  for (const [index, line] of lines.entries()) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > maxLogBytes - 200) {
      kept.push(`... and ${lines.length - index} more lines in ${fullLog}.`);
      break;
    }
    kept.push(line);
  }
  return kept.join("\n");
};
