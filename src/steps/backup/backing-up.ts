import { isStoreFailure, type StoreFailure } from "../../domain/store-failure.ts";
import { messageOf } from "../../domain/errors.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { BackupRef, Outcome, ScratchName } from "../../workflows/contract.ts";
import { readPlan } from "./backup-plan.ts";
import { backupOf } from "./backup-row.ts";
import { diskFull } from "../disk-full.ts";
import { asOutcome } from "../outcome.ts";
import { isCommitted } from "./own-blobs.ts";
import { failed } from "../owns-site.ts";
import { scratchOf, WorkFilesGone } from "../scratch.ts";

type Input = BackupRef & { readonly plan?: ScratchName; readonly seal?: ScratchName };

/**
 * As `asOutcome`, for the steps that make a backup. A store that is full ends the backup at once, and what the run had
 * staged goes in the same breath: it would keep the disk full, so that not even the failure could be written down. Unless
 * the archive is visible already: for the few bytes that it lacks the step is tried again.
 */
export const backingUp = <Value>(
  deps: Installation,
  input: Input,
  work: () => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> =>
  asOutcome<Value>(
    () =>
      deps.runsAtWork.executing(input.run, async () => {
        const givenUp = deps.runsAtWork.whyGivenUp(input.run);
        if (givenUp !== undefined) return failed(givenUp);
        try {
          return await work();
        } catch (error) {
          if (isStoreFailure(error, "Full") && !(await isVisible(deps, input)))
            return failed(await giveUpFull(deps, input, error));
          // A step beside this one found the disk full and took the ground from under it.
          const reason = deps.runsAtWork.whyGivenUp(input.run);
          if (reason !== undefined) return failed(reason);
          // Once more would find no more of them.
          if (error instanceof WorkFilesGone) return failed(error.message);
          throw error;
        }
      }),
    ["Unavailable", "Full"],
  );

/** Steps behind the seal have its result. A container that may not be read does not tell, and holds nothing of the others. */
const isVisible = async (deps: Installation, input: Input): Promise<boolean> => {
  if (input.seal !== undefined) return true;
  try {
    return await isCommitted(deps, input);
  } catch (error) {
    if (isStoreFailure(error, "AccessDenied")) return false;
    throw error;
  }
};

const giveUpFull = async (deps: Installation, input: Input, error: StoreFailure): Promise<string> => {
  const neededBytes = await plannedBytes(deps, input);
  // Before anything goes: steps beside this one would tell of what they miss, and not why.
  deps.runsAtWork.giveUp(input.run, error.message);
  const rests = await dropStaged(deps, input);
  const reason = await diskFull(deps, error, { rests, neededBytes });
  deps.runsAtWork.giveUp(input.run, reason);
  return reason;
};

/** Removes what is not visible yet: staged blocks, and work files that take room of this machine. Answers what became of it. */
export const dropStaged = async (deps: Installation, ref: BackupRef): Promise<string> => {
  try {
    const backup = await backupOf(deps, ref);
    const destination = await openContainer(deps, backup.destination);
    await destination.abandonRun(ref.run);
    const scratch = await deps.scratch();
    if (scratch.local !== undefined) await scratchOf(scratch, ref.run).clear();
    return destination.local === undefined
      ? "what the backup had staged there is not visible, and the store forgets it by itself (Azure within a week)"
      : "what the backup had written was removed";
  } catch (error) {
    return `what the backup had written could not be removed (${messageOf(error)})`;
  }
};

const plannedBytes = async (deps: Installation, { run, plan }: Input): Promise<number | undefined> => {
  if (plan === undefined) return undefined;
  try {
    return (await readPlan(scratchOf(await deps.scratch(), run), plan)).sizeBytes;
  } catch {
    // It only says how much is needed; the reason of the failure is another.
    return undefined;
  }
};
