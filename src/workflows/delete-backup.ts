import type { BackupRef } from "./contract.ts";
import type { Workflow, WorkflowPart } from "./workflow.ts";

/** Manifest, zip, log, in this order and each only if it is ours; ends Deleted, or DeleteFailed with the reason. */
export function* deleteBackup(wf: Workflow, run: BackupRef): WorkflowPart<void> {
  yield* wf.call("removeBackup", run);
}
