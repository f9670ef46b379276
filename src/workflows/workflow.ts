import type { StepInput, StepName, StepResult } from "./contract.ts";

/**
 * All a workflow can do, used with `yield*`. It runs again from the top after every event, so its body may look at
 * nothing else: no clock, no randomness, no I/O, no environment. functions/durable.ts puts it on the durable runtime;
 * tests put it on plain functions.
 */
export interface Workflow {
  /** One step; tried a few times when it throws, then StepFailed. Expected failures are values in the result. */
  call<Name extends StepName>(step: Name, input: StepInput<Name>): WorkflowPart<StepResult<Name>>;

  /** The same step for every input, at most `atATime` at once; results in the order of the inputs. */
  all<Name extends StepName>(
    step: Name,
    inputs: readonly StepInput<Name>[],
    atATime: number,
  ): WorkflowPart<readonly StepResult<Name>[]>;
}

export type WorkflowPart<Result> = Generator<unknown, Result, unknown>;

/** A step threw at every attempt; `message` is the last one's. */
export class StepFailed extends Error {
  readonly step: string;

  constructor(step: string, message: string) {
    super(message);
    this.name = "StepFailed";
    this.step = step;
  }
}
