import type { Backup } from "../../domain/backup.ts";
import { fullContainerUrl, parseContainerUrl, type ContainerAccess } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { credentialOf, rememberCredential } from "../containers/credentials.ts";
import { deleteBackup } from "./delete-backup.ts";
import { findSiteOrPast } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { findBackup } from "./read-backups.ts";

interface AccessWish {
  readonly backup: number;
  /** Replaces the stored credential. */
  readonly storageAccountUrl?: Secret;
  /** Who may not see the secret need not be told that it cannot be opened. */
  readonly showsSecret: boolean;
}

/** The backup, and the container's URL with its secret for those who may see it. */
export const renewBackupAccess = (deps: Installation) => async (call: Call, id: SiteId, input: AccessWish) => {
  const site = await findSiteOrPast(deps, id);
  const found = await findBackup(deps, site.id, input.backup);
  if (input.storageAccountUrl !== undefined) await replaceCredential(deps, found.backup, input.storageAccountUrl);
  // What could not be deleted for want of a valid SAS goes now.
  const isTriedAgain = input.storageAccountUrl !== undefined && found.backup.status === "DeleteFailed";
  const { backup } = isTriedAgain ? await deleteBackup(deps)(call, site.id, input.backup) : found;
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
