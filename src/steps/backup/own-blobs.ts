import { isRestorable, logName, manifestName, zipName, type Backup } from "../../domain/backup.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Destination, StoredObject } from "../../ports/destination.ts";
import { blockId } from "../../archive/shards/block-id.ts";
import type { BackupRef, Failure } from "../../workflows/contract.ts";
import { backupOf, blobMetadata } from "./backup-row.ts";
import { runLost } from "../owns-site.ts";

/** Why a backup cannot have the name. */
export const nameTaken = (name: string): string =>
  `${name} is in the container already, and another than this backup wrote it. Choose another name.`;

/** Whether the run has made its archive visible. */
export const isCommitted = async (deps: Installation, ref: BackupRef): Promise<boolean> => {
  const { destination, blobBase } = await backupOf(deps, ref);
  const found = await (await openContainer(deps, destination)).head(zipName(blobBase));
  return found?.metadata["run"] === ref.run;
};

interface Own {
  readonly ref: BackupRef;
  readonly backup: Pick<Backup, "formerRuns">;
  readonly commitId: string;
  readonly bytes: Uint8Array;
}

/** Writes a small object of a backup in one commit; one that is there already was written by an earlier attempt, or is refused. */
export const writeOwn = async (
  destination: Destination,
  name: string,
  { ref, backup, commitId, bytes }: Own,
): Promise<boolean> => {
  const upload = { name, run: ref.run };
  const block = blockId(0, 0, bytes);
  for (let attempt = 0; ; attempt++) {
    await destination.stage(upload, block, bytes);
    try {
      await destination.commit(upload, [block], blobMetadata(ref, commitId));
      return true;
    } catch (error) {
      await destination.abandon(upload);
      if (!isStoreFailure(error, "AlreadyExists")) throw error;
    }
    const found = await destination.head(name);
    if (found?.metadata["run"] === ref.run) return true;
    if (attempt >= mostFormer || !(await removeFormer(destination, backup, found))) return false;
  }
};

/** A run that was taken over from may write so often between two looks of its own at most. */
const mostFormer = 3;

/**
 * Removes an object if a run wrote it that this backup's was taken over from, and answers whether the name is free: nobody
 * was told of what that run has made.
 */
export const removeFormer = async (
  destination: Destination,
  { formerRuns = [] }: Pick<Backup, "formerRuns">,
  found: StoredObject | undefined,
): Promise<boolean> => {
  if (found === undefined) return formerRuns.length > 0;
  if (!formerRuns.includes(found.metadata["run"] ?? "")) return false;
  await destination.remove(found.name, { ifMatch: found.etag }).catch((error: unknown) => {
    // That run looks after itself, and was faster.
    if (!isStoreFailure(error, "SourceChanged")) throw error;
  });
  return true;
};

/**
 * Removes a backup's blobs, the manifest first: without it the rest is no backup. Only what `run` wrote: the backup's own,
 * or one that was taken over from, whose archive may be the same to the byte. What has the same name and is another's stays,
 * and is named.
 */
export const removeOwn = async (destination: Destination, backup: Backup, run: string): Promise<readonly string[]> => {
  const kept: string[] = [];
  for (const nameOf of [manifestName, zipName, logName]) {
    const name = nameOf(backup.blobBase);
    const object = await destination.head(name);
    if (object === undefined) continue;
    const isOurs =
      object.metadata["run"] === run ||
      (run === backup.run && backup.commitId !== undefined && object.metadata["commitid"] === backup.commitId);
    if (isOurs) await destination.remove(name, { ifMatch: object.etag });
    else kept.push(name);
  }
  await destination.abandonRun(run);
  return kept;
};

/** As `removeOwn`, for the runs that this backup's was taken over from. */
export const removeFormers = async (destination: Destination, backup: Backup): Promise<void> => {
  for (const run of backup.formerRuns ?? []) await removeOwn(destination, backup, run);
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
