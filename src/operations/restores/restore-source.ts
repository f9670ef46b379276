import { nameProblem, zipName, type Backup } from "../../domain/backup.ts";
import { parseContainerUrl } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { rememberCredential } from "../containers/credentials.ts";
import { siteOrName } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { checkRestorable, findBackup } from "../backups/read-backups.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { containerKey } from "../rows/keys.ts";
import { ownerOfName } from "../rows/name-rows.ts";
import { checkArchiveReach, checkContainerReach } from "../containers/within-reach.ts";

export interface RestoreSource {
  readonly destination: string;
  readonly blob: string;
  readonly backup?: Backup;
}

/** The archive as an operation's request names it. */
export const archiveNamed = ({ destination, blob, backup }: RestoreSource) => ({
  destination,
  blob,
  ...(backup === undefined ? {} : { backup: backup.id, backupSite: backup.site }),
});

/** How a body names an archive. */
export interface ArchiveWish {
  readonly storageAccountUrl?: Secret;
  /** The zip's name; ".zip" is added where it is missing. */
  readonly blobName?: string;
  /** Chooses the backup only where no blob is named: clients send 0 or 1 whatever they restore. */
  readonly backup?: number;
}

/** The archive a restore names, and the backup of ours behind it where there is one. */
export const sourceOf = async (
  deps: Installation,
  call: Call,
  { pathSite, wish }: { readonly pathSite: SiteId; readonly wish: ArchiveWish },
): Promise<RestoreSource> => {
  if (wish.storageAccountUrl === undefined) return backupSource(deps, pathSite, wish);
  const access = parseContainerUrl(wish.storageAccountUrl, "properties.storageAccountUrl");
  const site = await siteOrName(deps, pathSite);
  await checkContainerReach(deps, call, { site, access });
  await deps.destinations.open(access.container, access.credential);
  // A new URL beside a backup's id: the backup may have been copied there, and lies there under its name.
  const blob = wish.blobName ? zipBlob(wish.blobName) : (await backupSource(deps, pathSite, wish)).blob;
  await checkArchiveReach(deps, call, { access, blobBase: blob.replace(/\.zip$/i, "") });
  await rememberCredential(deps, access);
  const backup = await backupBehind(deps, access.container, blob);
  if (backup !== undefined) checkRestorable(backup);
  return { destination: access.container, blob, ...(backup ? { backup } : {}) };
};

/** Which of our backups a blob is, whatever site it is of; undefined for one that this installation did not write. */
const backupBehind = async (deps: Installation, container: string, blob: string): Promise<Backup | undefined> => {
  const owner = await ownerOfName(deps.catalog, { container, blobBase: blob.replace(/\.zip$/i, "") });
  if (owner === undefined) return undefined;
  const backups = await readBackups(deps.catalog, owner);
  return backups.findLast(
    ({ status, blobBase, destination }) =>
      status !== "Deleted" && zipName(blobBase) === blob && containerKey(destination) === containerKey(container),
  );
};

const zipBlob = (name: string): string => {
  const problem = nameProblem(name.replace(/\.zip$/i, ""));
  if (problem !== undefined) throw refuse("InvalidField", { field: "properties.blobName", reason: `${problem}.` });
  return /\.zip$/i.test(name) ? name : zipName(name);
};

type BackupWish = Pick<ArchiveWish, "blobName" | "backup">;

const backupSource = async (deps: Installation, site: SiteId, wish: BackupWish): Promise<RestoreSource> => {
  const backup = await namedBackup(deps, site, wish);
  if (backup === undefined)
    throw refuse("InvalidField", {
      field: "properties.blobName",
      reason: "name the backup's zip, and its container in storageAccountUrl.",
    });
  checkRestorable(backup);
  return { destination: backup.destination, blob: zipName(backup.blobBase), backup };
};

const namedBackup = async (
  deps: Installation,
  site: SiteId,
  { blobName, backup }: BackupWish,
): Promise<Backup | undefined> => {
  if (!blobName) return backup === undefined ? undefined : (await findBackup(deps, site, backup)).backup;
  const blob = zipBlob(blobName);
  const backups = await readBackups(deps.catalog, site);
  return backups.findLast(({ status, blobBase }) => status !== "Deleted" && zipName(blobBase) === blob);
};
