import { messageOf } from "../../domain/errors.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Operation } from "../../operations/rows/operation-rows.ts";
import type { Failure, Outcome, RunRef } from "../../workflows/contract.ts";
import { changeOperation } from "./change-operation.ts";
import { failed, runLost } from "../owns-site.ts";
import { RunCancelled } from "../progress.ts";
import { operationOf } from "./restore-run.ts";
import { restoring } from "./restoring.ts";

const cancelled = (): Failure => failed(new RunCancelled().message);

/**
 * As `restoring`, for steps that bring a restore or undo forward, which get its operation: once it was cancelled, or given
 * up because a disk is full, they do nothing, and what fails then is no reason to try again. Steps that bring the site back
 * to what it was are not of this kind.
 */
export const advancing = <Value>(
  deps: Installation,
  ref: RunRef,
  work: (operation: Operation) => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> => {
  return restoring(deps, ref, async () => {
    const operation = await operationOf(deps, ref);
    if (operation.cancelled !== undefined) return cancelled();
    const givenUp = deps.runsAtWork.whyGivenUp(ref.run);
    if (givenUp !== undefined) return failed(givenUp);
    try {
      return await work(operation);
    } catch (error) {
      if (error instanceof RunCancelled) return cancelled();
      // A tool that was stopped in the middle may say so in its own words.
      const isCancelled = (await operationOf(deps, ref)).cancelled !== undefined;
      if (isCancelled) return failed(`${cancelled().message} What failed then: ${messageOf(error)}`);
      throw error;
    }
  });
};

/** From here on the run's operation cannot be cancelled. The failure to end with when it was already; else undefined. */
export const beyondCancelling = async (
  deps: Pick<Installation, "catalog">,
  ref: RunRef,
): Promise<Failure | undefined> => {
  const before = await changeOperation(deps, ref, (operation) =>
    operation.cancelled === undefined ? { ...operation, final: true } : operation,
  );
  if (before === undefined) return runLost;
  return before.cancelled === undefined ? undefined : cancelled();
};
