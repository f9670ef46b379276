import type { Reach } from "../domain/caller.ts";
import type { Log } from "./log.ts";
import type { WorkflowRunner } from "./workflow-runner.ts";

/** What differs from call to call. */
export interface Call {
  readonly requestId: string;
  /** Who asks; a step works for "lifeboat". */
  readonly caller: string;
  /** The sites the caller may touch: those of the path have been checked, those that a body or a container names have not. */
  readonly reach: Reach;
  readonly runner: WorkflowRunner;
  readonly log: Log;
  readonly signal?: AbortSignal;
}
