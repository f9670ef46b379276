import type { Failure, RunRef, ScratchName, StepInput } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/**
 * Nothing of the site changes before the archive is proven and everything that changes lies staged beside it; after the
 * stop nothing long runs. A swap that began ends fully restored or fully as before, and the site is started again either way.
 */
export function* restoreSite(wf: Workflow, run: RunRef): WorkflowPart<{ done: true }> {
  const reports: ScratchName[] = [];
  const failure = yield* guarded(() => bringBack(wf, run, reports));
  yield* wf.call("closeRestore", closing(run, reports, failure));
  return { done: true };
}

function* bringBack(wf: Workflow, run: RunRef, reports: ScratchName[]): WorkflowPart<Failure | undefined> {
  const archive = yield* wf.call("checkArchive", run);
  if (!archive.ok) return archive;
  const planned = yield* wf.call("planRestore", { ...run, checked: archive.checked });
  if (!planned.ok) return planned;
  reports.push(planned.plan);
  if (planned.changes === 0) return undefined;
  const staged = yield* wf.call("stageRestore", { ...run, plan: planned.plan });
  if (!staged.ok) return staged;
  const failure = yield* guarded(() => exchange(wf, run, { ...archive, staged: staged.staged, reports }));
  // Another run owns the site by now, and starts it when it has done what it is there for.
  if (failure?.code === "RunLost") return failure;
  const started = yield* wf.call("startSite", run);
  return failure ?? (started.ok ? undefined : started);
}

interface Staged {
  readonly checked: ScratchName;
  readonly staged: ScratchName;
  readonly reports: ScratchName[];
}

function* exchange(wf: Workflow, run: RunRef, { staged, ...given }: Staged): WorkflowPart<Failure | undefined> {
  const { reports } = given;
  const stopped = yield* wf.call("stopSite", run);
  if (!stopped.ok) return stopped;
  const complete = yield* wf.call("restageRestore", { ...run, staged });
  if (!complete.ok) return complete;
  reports.push(complete.staged);
  const failure = yield* guarded(() => exclusive(wf, run, { ...given, staged: complete.staged }));
  if (failure === undefined || failure.code === "RunLost") return failure;
  const stuck = yield* guarded(() => putBack(wf, run, reports));
  if (stuck === undefined) return failure;
  return { ...stuck, message: `${failure.message} What was replaced could not be put back: ${stuck.message}` };
}

function* exclusive(
  wf: Workflow,
  run: RunRef,
  { checked, staged, reports }: Staged,
): WorkflowPart<Failure | undefined> {
  const swapped = yield* wf.call("swapIn", { ...run, staged });
  if (!swapped.ok) return swapped;
  reports.push(swapped.report);
  const configured = yield* wf.call("restoreConfiguration", { ...run, checked });
  if (!configured.ok) return configured;
  reports.push(configured.report);
  return undefined;
}

/** Puts back what the last restore of the site replaced. */
export function* undoRestore(wf: Workflow, run: RunRef): WorkflowPart<{ done: true }> {
  const reports: ScratchName[] = [];
  const failure = yield* guarded(function* () {
    const failed = yield* guarded(() => takeBack(wf, run, reports));
    if (failed?.code === "RunLost") return failed;
    const started = yield* wf.call("startSite", run);
    return failed ?? (started.ok ? undefined : started);
  });
  yield* wf.call("closeRestore", closing(run, reports, failure));
  return { done: true };
}

function* takeBack(wf: Workflow, run: RunRef, reports: ScratchName[]): WorkflowPart<Failure | undefined> {
  const stopped = yield* wf.call("stopSite", run);
  return stopped.ok ? yield* putBack(wf, run, reports) : stopped;
}

function* putBack(wf: Workflow, run: RunRef, reports: ScratchName[]): WorkflowPart<Failure | undefined> {
  const back = yield* wf.call("putBack", run);
  if (!back.ok) return back;
  reports.push(back.report);
  return undefined;
}

const closing = (run: RunRef, reports: readonly ScratchName[], failure?: Failure): StepInput<"closeRestore"> => ({
  ...run,
  reports,
  ...(failure === undefined ? {} : { failure: failure.message }),
});

// A step that keeps throwing is a failure like any other here: what follows it (put back, start, close) must still run.
function* guarded(part: () => WorkflowPart<Failure | undefined>): WorkflowPart<Failure | undefined> {
  try {
    return yield* part();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { ok: false, code: "Failed", message: `The step ${error.step} failed: ${error.message}` };
  }
}
