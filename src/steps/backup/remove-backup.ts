import { mayBecome, type Backup } from "../../domain/backup.ts";
import { messageOf, Refusal } from "../../domain/errors.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import { siteLabel } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { clearRun } from "../../operations/rows/clear-run.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { changeBackupRow } from "../../operations/rows/backup-rows.ts";
import { holderOf, releaseName } from "../../operations/rows/name-rows.ts";
import { markSite } from "../../operations/rows/mark-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { backupOf } from "./backup-row.ts";
import { removeFormers, removeOwn } from "./own-blobs.ts";
import { scratchOf } from "../scratch.ts";

/** Removes a backup's blobs, as far as they are its own, and all that its run may have left. */
export const removeBackup =
  (deps: Installation) =>
  async (input: StepInput<"removeBackup">, call: Call): Promise<StepResult<"removeBackup">> => {
    const backup = await backupOf(deps, input);
    // An earlier attempt may have died right after it said so.
    if (backup.status === "Deleted") return forget(deps, input, backup);
    if (backup.status !== "DeleteInProgress") return { ok: true };
    // Before the status says that nothing is left to do. It is no backup to go back to any more.
    await markSite(deps.catalog, input.site);
    const problem = await removeBlobs(deps, backup);
    await endDeletion(deps, input, problem);
    call.log.info("backup removed", { site: siteLabel(input.site), backup: input.backup, problem });
    if (problem === undefined) return forget(deps, input, backup);
    await clearRun(deps.catalog, input.site, input.run);
    return { ok: false, code: "Failed", message: problem };
  };

/** What its name and its run took. */
const forget = async (
  deps: Installation,
  input: StepInput<"removeBackup">,
  backup: Backup,
): Promise<StepResult<"removeBackup">> => {
  await releaseName(deps.catalog, { ...backup, container: backup.destination }, holderOf(backup));
  if (backup.run !== undefined) {
    await scratchOf(await deps.scratch(), backup.run).clear();
    await clearRun(deps.catalog, input.site, backup.run);
  }
  await clearRun(deps.catalog, input.site, input.run);
  return { ok: true };
};

/** Why they could not all be removed. A container that is gone holds nothing any more. */
const removeBlobs = async (deps: Installation, backup: Backup): Promise<string | undefined> => {
  if (backup.run === undefined) return undefined;
  try {
    const destination = await openContainer(deps, backup.destination);
    await removeFormers(destination, backup);
    await removeOwn(destination, backup, backup.run);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal || error instanceof SecretUnreadable || isStoreFailure(error)) return messageOf(error);
    throw error;
  }
};

const endDeletion = async (
  { catalog, clock }: Installation,
  { site, backup: id }: StepInput<"removeBackup">,
  problem: string | undefined,
): Promise<void> => {
  const end =
    problem === undefined
      ? ({ status: "Deleted", removed: clock.now().toISOString() } as const)
      : ({ status: "DeleteFailed", log: problem } as const);
  await changeBackupRow(catalog, { site, id }, (backup) =>
    mayBecome(backup.status, end.status) ? { ...backup, ...end } : undefined,
  );
};
