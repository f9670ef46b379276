import type { Log } from "./log.ts";
import type { WorkflowRunner } from "./workflow-runner.ts";

/** What differs from call to call. */
export interface Call {
  readonly requestId: string;
  /** Who asks; a step works for "lifeboat". */
  readonly caller: string;
  readonly runner: WorkflowRunner;
  readonly log: Log;
  readonly signal?: AbortSignal;
}
