import { isOpen, mayBecome, shortenLog, logName, type Backup } from "../../domain/backup.ts";
import { messageOf } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import { freeSite } from "../../operations/runs/free-site.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackup, replaceBackup } from "../../operations/rows/backup-rows.ts";
import { holderOf, releaseName } from "../../operations/rows/name-rows.ts";
import { changeSite } from "../../operations/rows/site-row.ts";
import { tellEndedBackup } from "../../operations/runs/tell-ended.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { readSummary, type BackupSummary } from "./backup-plan.ts";
import { backupOf } from "./backup-row.ts";
import { endRun } from "../end-run.ts";
import { asEnd } from "../outcome.ts";
import { lost, removeFormers, removeOwn } from "./own-blobs.ts";
import { isOwner, ownsSite } from "../owns-site.ts";
import { forgetDatabases } from "../restore/put-back-databases.ts";
import { scratchOf } from "../scratch.ts";

/** Writes the backup's end and frees the site in one batch, starts whoever waits, and clears away what the run needed. */
export const closeBackup =
  (deps: Installation) =>
  (input: StepInput<"closeBackup">, call: Call): Promise<StepResult<"closeBackup">> =>
    asEnd(async () => {
      const scratch = scratchOf(await deps.scratch(), input.run);
      const backup = await backupOf(deps, input);
      if (await ownsSite(deps, input)) {
        const end =
          input.summary === undefined
            ? await failedEnd(deps, input, { call, backup })
            : await readSummary(scratch, input.summary);
        if (end.status !== "Failed") await forgetStaged(deps, input, { call, backup });
        await endBackup(deps, input, end);
        call.log.info("backup ended", {
          site: siteLabel(input.site),
          backup: input.backup,
          status: end.status,
          ...(end.status === "Succeeded" ? {} : { log: end.log?.slice(0, 500) }),
        });
      } else await leave(deps, input, call);
      // Before the run is forgotten: until then somebody closes it again.
      await tellEndedBackup(deps, await backupOf(deps, input));
      await forgetDatabases(deps, input.site, { log: call.log });
      await endRun(deps, input, call);
      return { ok: true };
    });

/** Of a run that lost its site: whoever has it by now may have looked before this one wrote its last. */
const leave = async (deps: Installation, input: StepInput<"closeBackup">, call: Call): Promise<void> => {
  const { status, run } = await backupOf(deps, input);
  if (!isOpen(status) && run === input.run) return;
  await lost(deps, input);
  call.log.warn("run ended: another has its site", { site: siteLabel(input.site), run: input.run });
};

interface Closing {
  readonly call: Call;
  readonly backup: Backup;
}

/** Nothing of a failed backup stays visible. What cannot be removed now is named, and is no reason to keep the site. */
const failedEnd = async (
  deps: Installation,
  input: StepInput<"closeBackup">,
  { call, backup }: Closing,
): Promise<BackupSummary> => {
  const lines = [input.failure ?? "It failed without a reason."];
  try {
    const destination = await openContainer(deps, backup.destination);
    await removeFormers(destination, backup);
    await removeOwn(destination, backup, input.run);
    await releaseName(deps.catalog, { ...backup, container: backup.destination }, holderOf(backup));
  } catch (error) {
    call.log.warn("rests of a failed backup stay in the container", { backup: input.backup, error });
    lines.push(`What it may have written could not be removed from the container: ${messageOf(error)}`);
  }
  return { status: "Failed", sizeBytes: 0, log: shortenLog(lines, logName(backup.blobBase)) };
};

/** The commit took what it needed of the staged blocks; what earlier attempts staged besides is dropped. */
const forgetStaged = async (
  deps: Installation,
  input: StepInput<"closeBackup">,
  { call, backup }: Closing,
): Promise<void> => {
  try {
    const destination = await openContainer(deps, backup.destination);
    await destination.abandonRun(input.run);
  } catch (error) {
    call.log.warn("staged rests of a backup stay in the container", { backup: input.backup, error });
  }
};

const endBackup = async (deps: Installation, input: StepInput<"closeBackup">, end: BackupSummary): Promise<void> =>
  changeSite(deps.catalog, input.site, async (row) => {
    if (!isOwner(input, row)) return { row, result: undefined };
    const freed = await freeSite(deps, input.site, row);
    const found = await readBackup(deps.catalog, input.site, input.backup);
    if (found === undefined || !mayBecome(found.backup.status, end.status))
      return { row: freed.row, also: freed.also, result: undefined };
    const ended: Backup = { ...found.backup, ...end, finished: deps.clock.now().toISOString() };
    return { row: freed.row, also: [replaceBackup(ended, found.version), ...freed.also], result: undefined };
  });
