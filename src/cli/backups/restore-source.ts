import { backedUpDatabase, type BackedUpDatabase } from "./backup-view.ts";
import { chooseBackup } from "./choose-backup.ts";
import type { CommandContext, Given } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { containerUrl } from "../files/container-url.ts";
import { exitCodes } from "../exit-code.ts";
import { keyInFile } from "../service/key-file.ts";
import { findSite, newSitePath, type SiteReference } from "../sites/site-reference.ts";

/** What a restore takes: a backup that the service knows, or an archive that lies somewhere. */
export interface RestoreSource {
  /** `Backup 7 of shop`, for messages. */
  readonly label: string;
  /** Where the restore is asked; its dry run is `/plan` below it. */
  readonly path: string;
  /** What of the request says where the archive is. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly databases: readonly BackedUpDatabase[];
  /** The site is there. */
  readonly isKnownSite: boolean;
}

export const restoreSource = async (context: CommandContext, given: Given): Promise<RestoreSource> => {
  const named = { url: given.text("from"), file: given.text("fromFile") };
  const container = await containerUrl(context, named);
  if (container === undefined) {
    if (given.text("recoveryKeyFile") === undefined) return knownBackup(context, given);
    const message = "--recovery-key-file goes with --from or --from-file: the service has the keys of its own backups.";
    throw new CommandFailure(exitCodes.usage, "KeyWithoutArchive", message);
  }
  const blobName = given.text("BACKUP");
  if (blobName === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "ArchiveNotNamed",
      "Say which archive of the container: `lifeboat discover` lists them.",
    );
  const { path, isKnownSite } = await target(context, given.need("SITE"));
  const where = { storageAccountUrl: container.reveal(), blobName };
  const found = await context.service().post(`${path}/discoverbackup`, { body: { properties: where } });
  const databases = found.object("properties");
  const keyFile = given.text("recoveryKeyFile");
  return {
    label: blobName,
    path: `${path}/restoreFromBackupBlob`,
    request: { ...where, ...(keyFile === undefined ? {} : { recoveryKey: keyInFile(keyFile).reveal() }) },
    databases: databases.has("databases") ? databases.list("databases").map(backedUpDatabase) : [],
    isKnownSite,
  };
};

const knownBackup = async (context: CommandContext, given: Given): Promise<RestoreSource> => {
  const site = await findSite(context.service(), given.need("SITE"));
  const { id, databases } = await chooseBackup(context, site, given.text("BACKUP"));
  return {
    label: `Backup ${id} of ${site.label}`,
    path: `${site.path}/backups/${id}/restore`,
    request: {},
    databases,
    isKnownSite: isThere(site, given.need("SITE")),
  };
};

/** Of a whole resource id nothing was looked up. */
const isThere = ({ state }: SiteReference, text: string): boolean => state !== undefined || text.startsWith("/");

/** A site that is there, or will be: on a new machine there is none yet. */
const target = async (
  context: CommandContext,
  text: string,
): Promise<{ readonly path: string; readonly isKnownSite: boolean }> => {
  try {
    const site = await findSite(context.service(), text);
    return { path: site.path, isKnownSite: isThere(site, text) };
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.code !== "SiteNotFound") throw error;
    return { path: (await newSitePath(context.service(), text)).path, isKnownSite: false };
  }
};
