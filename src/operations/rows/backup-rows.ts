import * as z from "zod";
import { backupStatuses, servedStates, type Backup } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import { keptDatabases } from "./database-reference.ts";
import { backupKey, backupOfKey, backupPrefix, progressKey, progressPrefix, sitePartition } from "./keys.ts";
import { removeRows } from "./remove-rows.ts";
import { siteId } from "./site-id.ts";

const backup: z.ZodType<Backup> = z.object({
  site: siteId,
  id: z.number(),
  name: z.string(),
  blobBase: z.string(),
  status: z.enum(backupStatuses),
  scheduled: z.boolean(),
  planned: z.string().exactOptional(),
  destination: z.string(),
  correlationId: z.string(),
  run: z.string().exactOptional(),
  formerRuns: z.array(z.string()).exactOptional(),
  ...keptDatabases,
  continueOnDatabaseError: z.boolean().exactOptional(),
  created: z.string(),
  started: z.string().exactOptional(),
  finished: z.string().exactOptional(),
  lastRestored: z.string().exactOptional(),
  removed: z.string().exactOptional(),
  expires: z.string().exactOptional(),
  sizeBytes: z.number(),
  siteBytes: z.number().exactOptional(),
  databaseBytes: z.number().exactOptional(),
  files: z.number().exactOptional(),
  served: z.enum(servedStates).exactOptional(),
  leftOut: z.number().exactOptional(),
  filterLines: z.number().exactOptional(),
  reusedBytes: z.number().exactOptional(),
  commitId: z.string().exactOptional(),
  damaged: z.string().exactOptional(),
  chain: z.number().exactOptional(),
  log: z.string().exactOptional(),
});

export interface BackupRow {
  readonly backup: Backup;
  readonly version: string;
}

/** Undefined when it cannot be understood. */
const understood = ({ value, version }: Row): BackupRow | undefined => {
  const { data } = backup.safeParse(value);
  return data && { backup: data, version };
};

/** Undefined, too, when it cannot be understood. */
export const readKnownBackup = async (catalog: Catalog, of: SiteId, id: number): Promise<BackupRow | undefined> => {
  const row = await catalog.get(sitePartition(of), backupKey(id));
  return row && understood(row);
};

/** Throws the refusal that names it when it cannot be understood. */
export const readBackup = async (catalog: Catalog, of: SiteId, id: number): Promise<BackupRow | undefined> => {
  const row = await catalog.get(sitePartition(of), backupKey(id));
  if (row === undefined) return undefined;
  const found = understood(row);
  if (found === undefined) throw refuse("BackupUnreadable", { site: siteLabel(of), backup: id });
  return found;
};

interface BackupRows {
  /** Oldest first, also those that clients no longer see (Deleted). */
  readonly rows: readonly BackupRow[];
  /** The numbers of those that cannot be understood. */
  readonly unreadable: readonly number[];
}

export const readBackupRows = async (catalog: Catalog, of: SiteId): Promise<BackupRows> => {
  const rows: BackupRow[] = [];
  const unreadable: number[] = [];
  for (const row of await catalog.list(sitePartition(of), { prefix: backupPrefix })) {
    const found = understood(row);
    if (found === undefined) unreadable.push(backupOfKey(row.key));
    else rows.push(found);
  }
  return { rows, unreadable };
};

/** Those of a site that can be understood, as `readBackupRows` has them. */
export const readBackups = async (catalog: Catalog, of: SiteId): Promise<readonly Backup[]> =>
  (await readBackupRows(catalog, of)).rows.map((row) => row.backup);

/** Those among rows of a site's partition, in their order. */
export const backupsAmong = (rows: readonly Row[]): readonly Backup[] =>
  rows.filter(({ key }) => key.startsWith(backupPrefix)).map(({ value }) => backup.parse(value));

export const insertBackup = (added: Backup): RowChange => ({
  kind: "insert",
  key: backupKey(added.id),
  value: { ...added },
});

export const replaceBackup = (changed: Backup, version: string): RowChange => ({
  kind: "replace",
  key: backupKey(changed.id),
  value: { ...changed },
  version,
});

/**
 * Changes a backup, whoever owns its site: `decide` sees it as it is, is asked again when another writer was faster, and
 * answers undefined where nothing is to change. False when there is no such backup.
 */
export const changeBackupRow = async (
  catalog: Catalog,
  { site, id }: Pick<Backup, "site" | "id">,
  decide: (old: Backup) => Backup | undefined,
): Promise<boolean> => {
  for (let attempt = 0; attempt < 20; attempt++) {
    const found = await readBackup(catalog, site, id);
    if (found === undefined) return false;
    const next = decide(found.backup);
    if (next === undefined) return true;
    if (await catalog.write(sitePartition(site), [replaceBackup(next, found.version)])) return true;
  }
  throw new Error(`Backup ${id} is being changed by too many writers.`);
};

const progress = z.object({
  phase: z.string(),
  files: z.number(),
  bytes: z.number(),
  /** What the part has to do, or one part for others that tell nothing of it; 0 elsewhere. */
  totalFiles: z.number(),
  totalBytes: z.number(),
  /** Rises with every write: a run whose beat stands still for long is dead. */
  beat: z.number(),
  updated: z.string(),
});
export type Progress = z.infer<typeof progress>;

/** Of all parts of the run together; the phase is that of the latest news. News that cannot be understood is none. */
export const readProgress = async (catalog: Catalog, of: SiteId, run: string): Promise<Progress | undefined> => {
  const rows = await catalog.list(sitePartition(of), { prefix: progressPrefix(run) });
  return rows
    .flatMap(({ value }) => progress.safeParse(value).data ?? [])
    .reduce<Progress | undefined>((sum, part) => (sum === undefined ? part : together(sum, part)), undefined);
};

const together = (one: Progress, other: Progress): Progress => ({
  phase: one.updated > other.updated ? one.phase : other.phase,
  files: one.files + other.files,
  bytes: one.bytes + other.bytes,
  totalFiles: one.totalFiles + other.totalFiles,
  totalBytes: one.totalBytes + other.totalBytes,
  beat: one.beat + other.beat,
  updated: one.updated > other.updated ? one.updated : other.updated,
});

/** Last write wins: progress is news, not truth. */
export const writeProgress = async (
  catalog: Catalog,
  of: SiteId,
  { run, part }: { readonly run: string; readonly part: string },
  value: Progress,
): Promise<void> => {
  await catalog.writeNews(sitePartition(of), { key: progressKey(run, part), value });
};

/** At the end of a run. */
export const removeProgress = (catalog: Catalog, of: SiteId, run: string): Promise<void> =>
  removeRows(catalog, sitePartition(of), progressPrefix(run));
