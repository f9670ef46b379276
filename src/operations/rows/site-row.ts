import * as z from "zod";
import type { Backup } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Catalog, RowChange } from "../../ports/catalog.ts";
import { backupsAmong } from "./backup-rows.ts";
import { backupPrefix, behind, sitePartition, siteRowKey } from "./keys.ts";
import { writeRow } from "./write-row.ts";

const openRun = z.object({
  id: z.string(),
  kind: z.enum(["backup", "restore", "undo"]),
  since: z.string(),
  backup: z.number().optional(),
  operation: z.string().optional(),
});
export type OpenRun = z.infer<typeof openRun>;

const siteRow = z.object({
  nextBackupId: z.number().int(),
  /** Rises with every run that takes the site; a step of an earlier epoch writes nothing any more. */
  epoch: z.number().int(),
  /** Who owns the site now. */
  run: openRun.optional(),
  /** A second manual backup waits for its turn. */
  waiting: z.number().int().optional(),
  /** The planned times that were seen to last: none is seen to twice. */
  planned: z.array(z.string()).exactOptional(),
  /** The restore that `undo` would put back, as long as its replaced content is kept. */
  undo: z.object({ run: z.string(), operation: z.string(), until: z.string() }).optional(),
});
export type SiteRow = z.infer<typeof siteRow>;

const untouched: SiteRow = { nextBackupId: 1, epoch: 0 };

export const readSiteRow = async (catalog: Catalog, site: SiteId): Promise<SiteRow> => (await read(catalog, site)).row;

const read = async (catalog: Catalog, site: SiteId): Promise<{ row: SiteRow; version?: string }> => {
  const found = await catalog.get(sitePartition(site), siteRowKey);
  return found === undefined ? { row: untouched } : { row: siteRow.parse(found.value), version: found.version };
};

/** Whether `readSiteRow` can understand it. */
export const hasReadableRow = async (catalog: Catalog, site: SiteId): Promise<boolean> => {
  const found = await catalog.get(sitePartition(site), siteRowKey);
  return found === undefined || siteRow.safeParse(found.value).success;
};

/** As `readSiteRow`, and the site's backups as they were at the same time: in one request. */
export const readSiteWithBackups = async (
  catalog: Catalog,
  site: SiteId,
): Promise<{ readonly row: SiteRow; readonly backups: readonly Backup[] }> => {
  // Few other rows lie between: operations, and what a run has under way.
  const rows = await catalog.list(sitePartition(site), { from: backupPrefix, before: behind(siteRowKey) });
  const own = rows.find(({ key }) => key === siteRowKey);
  return { row: own === undefined ? untouched : siteRow.parse(own.value), backups: backupsAmong(rows) };
};

export interface SiteChange<Result> {
  readonly row: SiteRow;
  /** Rows of the same partition that change with it, in the same batch. */
  readonly also?: readonly RowChange[];
  readonly result: Result;
}

/**
 * Changes the site's row, and rows beside it, in one batch: `decide` sees the row as it is and may refuse by throwing.
 * It is asked again when another writer was faster, so it must have no effect of its own.
 */
export const changeSite = async <Result>(
  catalog: Catalog,
  site: SiteId,
  decide: (row: SiteRow) => SiteChange<Result> | Promise<SiteChange<Result>>,
): Promise<Result> => {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { row, version } = await read(catalog, site);
    const change = await decide(row);
    const own = writeRow(siteRowKey, { ...change.row }, version);
    if (await catalog.write(sitePartition(site), [own, ...(change.also ?? [])])) return change.result;
  }
  throw refuse("Unavailable", { reason: `${siteLabel(site)} is being changed by too many callers at once.` });
};

/** The site is taken: what the caller is told. */
export const siteBusy = (run: OpenRun) => refuse("SiteBusy", { run: run.id, kind: run.kind, since: run.since });

/** The site's row with `run` as its owner. */
export const takenBy = (row: SiteRow, run: OpenRun): SiteRow => ({ ...row, epoch: row.epoch + 1, run });

export const withoutUndo = (row: SiteRow): SiteRow => {
  const { undo: _, ...rest } = row;
  return rest;
};
