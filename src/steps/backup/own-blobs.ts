import { isRestorable, logName, manifestName, zipName, type Backup } from "../../domain/backup.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { openContainer } from "../../operations/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Destination } from "../../ports/destination.ts";
import { blockId } from "../../archive/shards/block-id.ts";
import type { BackupRef, Failure } from "../../workflows/contract.ts";
import { backupOf, blobMetadata } from "./backup-row.ts";
import { runLost } from "../owns-site.ts";

/** Writes a small object of a backup in one commit; one that is there already was written by an earlier attempt, or is refused. */
export const writeOwn = async (
  destination: Destination,
  name: string,
  { ref, commitId, bytes }: { readonly ref: BackupRef; readonly commitId: string; readonly bytes: Uint8Array },
): Promise<boolean> => {
  const upload = { name, run: ref.run };
  const block = blockId(0, 0, bytes);
  await destination.stage(upload, block, bytes);
  try {
    await destination.commit(upload, [block], blobMetadata(ref, commitId));
    return true;
  } catch (error) {
    await destination.abandon(upload);
    if (!isStoreFailure(error, "AlreadyExists")) throw error;
    return (await destination.head(name))?.metadata["run"] === ref.run;
  }
};

/**
 * Removes a backup's blobs, the manifest first: without it the rest is no backup. Only what this backup's run wrote; what
 * has the same name and is another's stays, and is named.
 */
export const removeOwn = async (destination: Destination, backup: Backup, run: string): Promise<readonly string[]> => {
  const kept: string[] = [];
  for (const nameOf of [manifestName, zipName, logName]) {
    const name = nameOf(backup.blobBase);
    const object = await destination.head(name);
    if (object === undefined) continue;
    const isOurs =
      object.metadata["run"] === run ||
      (backup.commitId !== undefined && object.metadata["commitid"] === backup.commitId);
    if (isOurs) await destination.remove(name, { ifMatch: object.etag });
    else kept.push(name);
  }
  await destination.abandonRun(run);
  return kept;
};

/**
 * What a run does whose site is not its own any more: takes away what it wrote, for whoever took the site may have looked
 * before that. But not when the run has ended well: then this is only a late attempt of one of its steps.
 */
export const lost = async (deps: Installation, ref: BackupRef): Promise<Failure> => {
  const backup = await backupOf(deps, ref);
  const isLate = isRestorable(backup.status) && backup.run === ref.run;
  if (!isLate) await removeOwn(await openContainer(deps, backup.destination), backup, ref.run);
  return runLost;
};
