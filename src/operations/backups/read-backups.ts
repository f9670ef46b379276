import { isRestorable, type Backup } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { findSiteOrPast } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { readBackup, readBackupRows, readProgress, type BackupRow, type Progress } from "../rows/backup-rows.ts";

interface SiteBackups {
  readonly site: SiteDefinition;
  readonly backups: readonly Backup[];
  /** The numbers of those that the catalog has, and nobody can read: what became of them is not known. */
  readonly unreadable: readonly number[];
}

/** Deleted ones vanish from the list, as App Service has it. */
export const listBackups =
  (deps: Installation) =>
  async (_call: Call, id: SiteId): Promise<SiteBackups> => {
    const site = await findSiteOrPast(deps, id);
    const { rows, unreadable } = await readBackupRows(deps.catalog, site.id);
    return { site, backups: rows.map(({ backup }) => backup).filter(({ status }) => status !== "Deleted"), unreadable };
  };

const backupNotFound = (site: SiteId, backup: number) => refuse("BackupNotFound", { site: siteLabel(site), backup });

/** The backup's row; one that was deleted is not found. */
export const findBackup = async (deps: Pick<Installation, "catalog">, site: SiteId, id: number): Promise<BackupRow> => {
  const row = await readBackup(deps.catalog, site, id);
  if (row === undefined || row.backup.status === "Deleted") throw backupNotFound(site, id);
  return row;
};

/** As `findBackup`, of one that can be restored. */
export const findRestorable = async (
  deps: Pick<Installation, "catalog">,
  site: SiteId,
  id: number,
): Promise<Backup> => {
  const { backup } = await findBackup(deps, site, id);
  checkRestorable(backup);
  return backup;
};

export const checkRestorable = ({ id, site, status }: Backup): void => {
  if (!isRestorable(status)) throw refuse("BackupNotRestorable", { backup: id, site: siteLabel(site), status });
};

export const getBackup =
  (deps: Installation) =>
  async (
    _call: Call,
    id: SiteId,
    backupId: number,
  ): Promise<{ readonly site: SiteDefinition; readonly backup: Backup }> => {
    const site = await findSiteOrPast(deps, id);
    return { site, backup: (await findBackup(deps, site.id, backupId)).backup };
  };

/** What a backup's run is doing now; undefined before it began, and once it has ended. */
export const getProgress =
  (deps: Installation) =>
  async (
    _call: Call,
    id: SiteId,
    backupId: number,
  ): Promise<{ readonly backup: Backup; readonly progress: Progress | undefined }> => {
    const { backup } = await findBackup(deps, id, backupId);
    const progress = backup.run === undefined ? undefined : await readProgress(deps.catalog, id, backup.run);
    return { backup, progress };
  };
