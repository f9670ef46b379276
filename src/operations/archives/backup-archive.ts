import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { objectSource } from "../../archive/read/byte-source.ts";
import { openArchive, type Archive } from "../../archive/read/open-archive.ts";
import { zipName, type Backup } from "../../domain/backup.ts";
import { refuse, type Refusal } from "../../domain/errors.ts";
import type { SiteId } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { openContainer } from "../containers/credentials.ts";
import type { Installation } from "../installation.ts";
import { findRestorable } from "../backups/read-backups.ts";
import { containerKey } from "../rows/keys.ts";

interface BackupArchive {
  readonly backup: Backup;
  readonly archive: Archive;
}

/** Opens a backup's zip through its container. Refused when it is not the archive that was backed up. */
export type OpenBackupArchive = (site: SiteId, backupId: number) => Promise<BackupArchive>;

/** Directories that stay in memory: as many as browsing a few backups side by side needs, some 150 MB at most. */
const mostEntries = 1_000_000;
const mostArchives = 8;

/**
 * Browsing asks for one archive again and again, so directories that were read stay for a while: known by the object's
 * etag, and checked against the commit id of the catalog each time.
 */
export const backupArchives = (deps: Installation): OpenBackupArchive => {
  const known = new Map<string, Promise<Archive>>();

  const forgetOldest = async (): Promise<void> => {
    let entries = 0;
    const newestFirst = [...known].toReversed();
    for (const [index, [key, opening]] of newestFirst.entries()) {
      entries += await opening.then(
        ({ directory }) => directory.length,
        () => 0,
      );
      if (index > 0 && (index >= mostArchives || entries > mostEntries)) known.delete(key);
    }
  };

  return async (site, backupId) => {
    const backup = await findRestorable(deps, site, backupId);
    const blob = zipName(backup.blobBase);
    try {
      const destination = await openContainer(deps, backup.destination);
      const object = await destination.head(blob);
      if (object === undefined)
        throw refuse("ArchiveUnreadable", { blob, reason: `it is not in ${backup.destination} any more.` });
      const key = `${containerKey(backup.destination)} ${blob} ${object.etag}`;
      const opening = known.get(key) ?? openArchive(objectSource(destination, object));
      known.delete(key);
      known.set(key, opening);
      opening.then(forgetOldest, () => known.delete(key));
      const opened = await opening;
      if (opened.commitId !== backup.commitId)
        throw refuse("ArchiveAltered", { blob, reason: "its directory is another." });
      // Its own source: the credential may have been renewed since the directory was read.
      return { backup, archive: { ...opened, source: objectSource(destination, object) } };
    } catch (error) {
      throw archiveRefusal(error, backup) ?? error;
    }
  };
};

/** What a person can do something about, as a refusal: the archive is damaged, or the container does not give it. */
export const archiveRefusal = (error: unknown, backup: Backup): Refusal | undefined => {
  const blob = zipName(backup.blobBase);
  const cause = { cause: error };
  if (error instanceof ArchiveInvalid) return refuse("ArchiveAltered", { blob, reason: error.message }, cause);
  if (isStoreFailure(error, "NotFound", "SourceChanged", "OutOfRange"))
    return refuse("ArchiveAltered", { blob, reason: error.message }, cause);
  if (isStoreFailure(error, "AccessDenied", "Invalid"))
    return refuse("DestinationUnavailable", { url: backup.destination, reason: error.message }, cause);
  return undefined;
};
