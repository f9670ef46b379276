import type { Failure, RunRef, ScratchName, StepInput } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/**
 * Nothing of the site changes before the archive is proven and everything that changes lies staged beside it; after the
 * stop nothing long runs. A swap that began ends fully restored or fully as before, and the site is started again either way.
 */
export function* restoreSite(wf: Workflow, run: RunRef): WorkflowPart<void> {
  const reports: ScratchName[] = [];
  const failure = yield* guarded(() => restore(wf, run, reports));
  yield* wf.call("closeRestore", closing(run, reports, failure));
}

function* restore(wf: Workflow, run: RunRef, reports: ScratchName[]): WorkflowPart<Failure | undefined> {
  const archive = yield* wf.call("checkArchive", run);
  if (!archive.ok) return archive;
  const { checked } = archive;
  const asked = yield* askDatabases(wf, run, { ...archive, reports });
  if (asked !== undefined) return asked;
  const staged = archive.files ? yield* stage(wf, run, { ...archive, reports }) : nothingStaged;
  if (!staged.ok) return staged;
  if (staged.changes === 0 && archive.databases === 0) return undefined;
  const loaded = yield* load(wf, run, { ...archive, reports });
  if (!loaded.ok) return loaded;
  const failure = yield* guarded(() =>
    stopAndExchange(wf, run, { checked, staged: staged.staged, loaded: loaded.loaded, reports }),
  );
  // Another run owns the site by now, and starts it when it has done what it is there for.
  if (failure?.code === "RunLost") return failure;
  return yield* start(wf, run, failure);
}

/** A site that stays down is told, whatever else went wrong. */
function* start(wf: Workflow, run: RunRef, failure: Failure | undefined): WorkflowPart<Failure | undefined> {
  const stuck = yield* guarded(function* () {
    const started = yield* wf.call("startSite", run);
    return started.ok ? undefined : started;
  });
  if (failure === undefined || stuck === undefined) return failure ?? stuck;
  return { ...failure, message: `${failure.message} The site could not be started: ${stuck.message}` };
}

interface WithDatabases {
  readonly checked: ScratchName;
  readonly databases: number;
  readonly reports: ScratchName[];
}

type Staging = { readonly ok: true; readonly staged: ScratchName | undefined; readonly changes: number };

const nothingStaged: Staging = { ok: true, staged: undefined, changes: 0 };

/** Where databases are exchanged, files that change until the stop count too. */
function* stage(
  wf: Workflow,
  run: RunRef,
  { checked, databases, reports }: WithDatabases,
): WorkflowPart<Staging | Failure> {
  const planned = yield* wf.call("planRestore", { ...run, checked });
  if (!planned.ok) return planned;
  reports.push(planned.plan);
  if (planned.changes === 0 && databases === 0) return nothingStaged;
  const staged = yield* wf.call("stageRestore", { ...run, plan: planned.plan });
  return staged.ok ? { ok: true, staged: staged.staged, changes: planned.changes } : staged;
}

function* askDatabases(
  wf: Workflow,
  run: RunRef,
  { checked, databases, reports }: WithDatabases,
): WorkflowPart<Failure | undefined> {
  if (databases === 0) return undefined;
  const asked = yield* wf.call("checkDatabases", { ...run, checked });
  if (!asked.ok) return asked;
  reports.push(asked.report);
  return undefined;
}

/** One after another: each may take all that the server has. */
function* load(
  wf: Workflow,
  run: RunRef,
  { checked, databases, reports }: WithDatabases,
): WorkflowPart<{ readonly ok: true; readonly loaded: readonly ScratchName[] } | Failure> {
  const loaded: ScratchName[] = [];
  for (let place = 0; place < databases; place++) {
    const one = yield* wf.call("loadDatabase", { ...run, checked, place });
    if (!one.ok) return one;
    loaded.push(one.report);
    reports.push(one.report);
  }
  return { ok: true, loaded };
}

interface Staged {
  readonly checked: ScratchName;
  /** Undefined: no file changes. */
  readonly staged: ScratchName | undefined;
  readonly loaded: readonly ScratchName[];
  readonly reports: ScratchName[];
}

function* stopAndExchange(wf: Workflow, run: RunRef, { staged, ...given }: Staged): WorkflowPart<Failure | undefined> {
  const { reports } = given;
  const stopped = yield* wf.call("stopSite", run);
  if (!stopped.ok) return stopped;
  const complete = staged === undefined ? undefined : yield* wf.call("restageRestore", { ...run, staged });
  if (complete !== undefined) {
    if (!complete.ok) return complete;
    reports.push(complete.staged);
  }
  const failure = yield* guarded(() => exchange(wf, run, { ...given, staged: complete?.staged }));
  if (failure === undefined || failure.code === "RunLost") return failure;
  const stuck = yield* guarded(() => putBack(wf, run, reports));
  if (stuck === undefined) return failure;
  return { ...stuck, message: `${failure.message} What was replaced could not be put back: ${stuck.message}` };
}

function* exchange(
  wf: Workflow,
  run: RunRef,
  { checked, staged, loaded, reports }: Staged,
): WorkflowPart<Failure | undefined> {
  if (loaded.length > 0) {
    const switched = yield* wf.call("switchDatabases", { ...run, loaded });
    if (!switched.ok) return switched;
    reports.push(switched.report);
  }
  if (staged !== undefined) {
    const swapped = yield* wf.call("swapIn", { ...run, staged });
    if (!swapped.ok) return swapped;
    reports.push(swapped.report);
  }
  const configured = yield* wf.call("restoreConfiguration", { ...run, checked });
  if (!configured.ok) return configured;
  reports.push(configured.report);
  return undefined;
}

/** Puts back what the last restore of the site replaced. */
export function* undoRestore(wf: Workflow, run: RunRef): WorkflowPart<void> {
  const reports: ScratchName[] = [];
  const failure = yield* guarded(function* () {
    const failed = yield* guarded(() => undo(wf, run, reports));
    if (failed?.code === "RunLost") return failed;
    return yield* start(wf, run, failed);
  });
  yield* wf.call("closeRestore", closing(run, reports, failure));
}

function* undo(wf: Workflow, run: RunRef, reports: ScratchName[]): WorkflowPart<Failure | undefined> {
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
