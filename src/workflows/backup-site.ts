import type { BackupRef, Failure, ScratchName } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/** What a backup is, top to bottom. Each line names a step; each step is one file in steps/. */
export function* backupSite(wf: Workflow, run: BackupRef): WorkflowPart<void> {
  yield* makeAndClose(wf, run);
  try {
    yield* wf.call("afterBackup", run);
  } catch (error) {
    // The backup stands as it was closed; the sweep and the hourly retention do the same.
    if (!(error instanceof StepFailed)) throw error;
  }
}

function* makeAndClose(wf: Workflow, run: BackupRef): WorkflowPart<void> {
  try {
    const summary = yield* makeArchive(wf, run);
    yield* wf.call(
      "closeBackup",
      typeof summary === "string" ? { ...run, summary } : { ...run, failure: summary.message },
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    yield* wf.call("closeBackup", { ...run, failure: `The step ${error.step} failed: ${error.message}` });
  }
}

function* makeArchive(wf: Workflow, run: BackupRef): WorkflowPart<ScratchName | Failure> {
  const opened = yield* wf.call("openBackup", run);
  if (!opened.ok) return opened;
  const asked = opened.databases > 0 ? yield* wf.call("planDatabases", run) : noDatabases;
  if (!asked.ok) return asked;
  const { ok: _, ...named } = asked;
  const packed = yield* pack(wf, { ...run, ...named }, false);
  // The previous archive is only a cache: when it vanished or changed in the middle, everything comes from the site.
  const content = !packed.ok && packed.code === "SourceGone" ? yield* pack(wf, { ...run, ...named }, true) : packed;
  if (!content.ok) return content;
  const dumped = yield* dump(wf, run, { plan: content.parts.plan, ...named, count: opened.databases });
  if (!dumped.ok) return dumped;
  const dumps = dumped.results.map((one) => one.dump);
  const taken = dumps.length === 0 ? {} : { ...named, dumps };
  const sealed = yield* wf.call("sealArchive", { ...run, ...content.parts, ...taken });
  if (!sealed.ok) return sealed;
  const readable = yield* wf.call("readBack", { ...run, seal: sealed.seal });
  if (!readable.ok) return readable;
  const described = yield* wf.call("describeBackup", {
    ...run,
    notes: opened.notes,
    ...taken,
    plan: content.parts.plan,
    seal: sealed.seal,
    isProven: readable.isProven,
  });
  return described.ok ? described.summary : described;
}

type Packed = { readonly ok: true; readonly parts: Parts } | Failure;

interface Parts {
  readonly plan: ScratchName;
  readonly copied: readonly ScratchName[];
  readonly indexes: readonly ScratchName[];
}

const noDatabases: { readonly ok: true; readonly databases?: ScratchName } = { ok: true };

interface Asked {
  readonly plan: ScratchName;
  readonly databases?: ScratchName;
  readonly count: number;
}

/** Behind the files, so that an archive that is built on this one finds them in one piece; one after another. */
function* dump(
  wf: Workflow,
  run: BackupRef,
  { plan, databases, count }: Asked,
): WorkflowPart<Done<{ readonly dump: ScratchName }>> {
  if (databases === undefined) return { ok: true, results: [] };
  const inputs = Array.from({ length: count }, (_, place) => ({ ...run, plan, databases, place }));
  return allDone(yield* wf.all("dumpDatabase", inputs, 1));
}

function* pack(
  wf: Workflow,
  { databases, ...run }: BackupRef & { readonly databases?: ScratchName },
  fromScratch: boolean,
): WorkflowPart<Packed> {
  const named = databases === undefined ? {} : { databases };
  const planned = yield* wf.call("planArchive", { ...run, fromScratch, ...named });
  if (!planned.ok) return planned;
  const { plan, atATime } = planned;
  // Reused ranges first, changed entries after: the archive then stays one long run for the backup that follows.
  const parts = Array.from({ length: planned.copies }, (_, part) => ({ ...run, plan, part }));
  const copies = allDone(yield* wf.all("copyUnchanged", parts, atATime));
  if (!copies.ok) return copies;
  const shards = Array.from({ length: planned.shards }, (_, shard) => ({ ...run, plan, shard }));
  const packed = allDone(yield* wf.all("packShard", shards, atATime));
  if (!packed.ok) return packed;
  const copied = copies.results.map((one) => one.copied);
  return { ok: true, parts: { plan, copied, indexes: packed.results.map(({ index }) => index) } };
}

type Done<Value> = { readonly ok: true; readonly results: readonly Value[] } | Failure;

const allDone = <Value extends { readonly ok: true }>(outcomes: readonly (Value | Failure)[]): Done<Value> => {
  const results: Value[] = [];
  for (const outcome of outcomes) {
    if (!outcome.ok) return outcome;
    results.push(outcome);
  }
  return { ok: true, results };
};
