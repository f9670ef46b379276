import type { WorkflowInput, WorkflowName } from "../workflows/contract.ts";

export type RunState = "pending" | "running" | "completed" | "failed" | "terminated";

/** It has not ended: it runs, or waits to. */
export const isGoingOn = (state: RunState | undefined): boolean => state === "running" || state === "pending";

/** Starts and watches workflows. It exists only inside an invocation, so operations and steps get it with their Call. */
export interface WorkflowRunner {
  /** Starting a run that is under way is not an error and changes nothing. Durable when it returns. */
  start<Name extends WorkflowName>(workflow: Name, run: string, input: WorkflowInput<Name>): Promise<void>;

  /** Undefined when the run is not known (never started, or purged). */
  state(run: string): Promise<RunState | undefined>;

  /** Ends a run without asking it; not an error when it has ended or is not known. A step it is in runs on to its end. */
  terminate(run: string, reason: string): Promise<void>;

  /** Forgets a run that has ended; not an error when it is not known. */
  purge(run: string): Promise<void>;

  /** Forgets all ended runs that were started from `from` on and before `to`; answers how many. */
  purgeEnded(from: Date, to: Date): Promise<number>;
}
