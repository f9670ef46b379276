import type { VerifyRef } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/** Part after part, as far as one step may take, until all of the archive is read. */
export function* verifyBackup(wf: Workflow, run: VerifyRef): WorkflowPart<void> {
  let from: number | undefined = 0;
  while (from !== undefined) from = yield* part(wf, run, from);
}

function* part(wf: Workflow, run: VerifyRef, from: number): WorkflowPart<number | undefined> {
  try {
    const checked = yield* wf.call("verifyArchive", { ...run, from });
    return checked.ok ? checked.next : yield* ended(wf, run, { from, failure: checked.message });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return yield* ended(wf, run, { from, failure: error.message });
  }
}

function* ended(
  wf: Workflow,
  run: VerifyRef,
  end: { readonly from: number; readonly failure: string },
): WorkflowPart<undefined> {
  yield* wf.call("verifyArchive", { ...run, ...end });
  return undefined;
}
