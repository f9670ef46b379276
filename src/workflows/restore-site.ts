import type { Failure, RunRef } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/**
 * Nothing of the site changes before the archive is proven and everything that changes lies staged beside it; after the
 * stop nothing long runs. A swap that began ends fully restored or fully as before, and the site is started again either way.
 */
export function* restoreSite(wf: Workflow, run: RunRef): WorkflowPart<{ done: true }> {
  const failure = yield* guarded(() => bringBack(wf, run));
  yield* wf.call("closeRestore", failure === undefined ? run : { ...run, failure: failure.message });
  return { done: true };
}

function* bringBack(wf: Workflow, run: RunRef): WorkflowPart<Failure | undefined> {
  const archive = yield* wf.call("checkArchive", run);
  if (!archive.ok) return archive;
  const planned = yield* wf.call("planRestore", run);
  if (!planned.ok) return planned;
  const staged = yield* wf.call("stageRestore", { ...run, plan: planned.plan });
  if (!staged.ok) return staged;
  const failure = yield* guarded(() => exchange(wf, run, staged.staged));
  const started = yield* wf.call("startSite", run);
  return failure ?? (started.ok ? undefined : started);
}

function* exchange(wf: Workflow, run: RunRef, staged: string): WorkflowPart<Failure | undefined> {
  const stopped = yield* wf.call("stopSite", run);
  if (!stopped.ok) return stopped;
  const complete = yield* wf.call("restageRestore", { ...run, staged });
  if (!complete.ok) return complete;
  const failure = yield* guarded(() => exclusive(wf, run, complete.staged));
  if (failure === undefined || failure.code === "RunLost") return failure;
  const back = yield* wf.call("putBack", run);
  return back.ok ? failure : back;
}

function* exclusive(wf: Workflow, run: RunRef, staged: string): WorkflowPart<Failure | undefined> {
  const swapped = yield* wf.call("swapIn", { ...run, staged });
  if (!swapped.ok) return swapped;
  const configured = yield* wf.call("restoreConfiguration", run);
  return configured.ok ? undefined : configured;
}

/** Puts back what the last restore of the site replaced. */
export function* undoRestore(wf: Workflow, run: RunRef): WorkflowPart<{ done: true }> {
  const failure = yield* guarded(function* () {
    const stopped = yield* wf.call("stopSite", run);
    const back = stopped.ok ? yield* wf.call("putBack", run) : stopped;
    const started = yield* wf.call("startSite", run);
    return back.ok ? (started.ok ? undefined : started) : back;
  });
  yield* wf.call("closeRestore", failure === undefined ? run : { ...run, failure: failure.message });
  return { done: true };
}

// A step that keeps throwing is a failure like any other here: what follows it (put back, start, close) must still run.
function* guarded(part: () => WorkflowPart<Failure | undefined>): WorkflowPart<Failure | undefined> {
  try {
    return yield* part();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { ok: false, code: "Failed", message: `The step ${error.step} failed: ${error.message}` };
  }
}
