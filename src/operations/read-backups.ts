import type { Backup } from "../domain/backup.ts";
import { fullContainerUrl, parseContainerUrl, type ContainerAccess } from "../domain/container-url.ts";
import { refuse } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import { siteLabel, type SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { SiteDefinition } from "../ports/sites.ts";
import { credentialOf, rememberCredential } from "./credentials.ts";
import { findSiteOrPast } from "./find-site.ts";
import type { Installation } from "./installation.ts";
import { readBackup, readBackups, readProgress, type BackupRow, type Progress } from "./rows/backup-rows.ts";

export interface SiteBackups {
  readonly site: SiteDefinition;
  readonly backups: readonly Backup[];
}

/** Deleted ones vanish from the list, as App Service has it. */
export const listBackups =
  (deps: Installation) =>
  async (_call: Call, id: SiteId): Promise<SiteBackups> => {
    const site = await findSiteOrPast(deps, id);
    const rows = await readBackups(deps.catalog, site.id);
    return { site, backups: rows.map((row) => row.backup).filter((backup) => backup.status !== "Deleted") };
  };

export const backupNotFound = (site: SiteId, backup: number) =>
  refuse("BackupNotFound", { site: siteLabel(site), backup });

/** The backup's row; one that was deleted is not found. */
export const findBackup = async (deps: Pick<Installation, "catalog">, site: SiteId, id: number): Promise<BackupRow> => {
  const row = await readBackup(deps.catalog, site, id);
  if (row === undefined || row.backup.status === "Deleted") throw backupNotFound(site, id);
  return row;
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

export interface AccessWish {
  readonly backup: number;
  /** Replaces the stored credential. */
  readonly storageAccountUrl?: Secret;
  /** Who may not see the secret need not be told that it cannot be opened. */
  readonly showsSecret: boolean;
}

/** The backup, and the container's URL with its secret for those who may see it. */
export const renewBackupAccess = (deps: Installation) => async (call: Call, id: SiteId, input: AccessWish) => {
  const site = await findSiteOrPast(deps, id);
  const { backup } = await findBackup(deps, site.id, input.backup);
  if (input.storageAccountUrl !== undefined) await replaceCredential(deps, backup, input.storageAccountUrl);
  if (!input.showsSecret) return { site, backup, storageAccountUrl: undefined };
  const credential = await credentialOf(deps, backup.destination);
  const access: ContainerAccess = { container: backup.destination, ...(credential ? { credential } : {}) };
  call.log.info("backup secrets read", { site: siteLabel(id), backup: backup.id, caller: call.caller });
  return { site, backup, storageAccountUrl: fullContainerUrl(access) };
};

const replaceCredential = async (deps: Installation, backup: Backup, given: Secret): Promise<void> => {
  const field = "properties.storageAccountUrl";
  const access = parseContainerUrl(given, field);
  if (access.container.toLowerCase() !== backup.destination.toLowerCase())
    throw refuse("InvalidField", {
      field,
      reason: `backup ${backup.id} lies in ${backup.destination}, and this names another container.`,
    });
  await deps.destinations.open(access.container, access.credential);
  await rememberCredential(deps, access);
};
