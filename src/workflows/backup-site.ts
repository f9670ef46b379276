import type { BackupRef, Failure, Outcome, ScratchName } from "./contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "./workflow.ts";

/** What a backup is, top to bottom. Each line names a step; each step is one file in steps/. */
export function* backupSite(wf: Workflow, run: BackupRef): WorkflowPart<{ done: true }> {
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
  return { done: true };
}

function* makeArchive(wf: Workflow, run: BackupRef): WorkflowPart<ScratchName | Failure> {
  const opened = yield* wf.call("openBackup", run);
  if (!opened.ok) return opened;
  const packed = yield* pack(wf, run, false);
  // The previous archive is only a cache: when it vanished or changed in the middle, everything comes from the site.
  const content = !packed.ok && packed.code === "SourceGone" ? yield* pack(wf, run, true) : packed;
  if (!content.ok) return content;
  const sealed = yield* wf.call("sealArchive", { ...run, plan: content.plan, indexes: content.indexes });
  if (!sealed.ok) return sealed;
  const readable = yield* wf.call("readBack", { ...run, seal: sealed.seal });
  if (!readable.ok) return readable;
  const described = yield* wf.call("describeBackup", { ...run, plan: content.plan, seal: sealed.seal });
  return described.ok ? described.summary : described;
}

type Packed = { readonly ok: true; readonly plan: ScratchName; readonly indexes: readonly ScratchName[] } | Failure;

function* pack(wf: Workflow, run: BackupRef, fromScratch: boolean): WorkflowPart<Packed> {
  const planned = yield* wf.call("planArchive", { ...run, fromScratch });
  if (!planned.ok) return planned;
  const { plan, atATime } = planned;
  // Reused ranges first, changed entries after: the archive then stays one long run for the backup that follows.
  const parts = Array.from({ length: planned.copies }, (_, part) => ({ ...run, plan, part }));
  const copied = allDone(yield* wf.all("copyUnchanged", parts, atATime));
  if (!copied.ok) return copied;
  const shards = Array.from({ length: planned.shards }, (_, shard) => ({ ...run, plan, shard }));
  const packed = allDone(yield* wf.all("packShard", shards, atATime));
  return packed.ok ? { ok: true, plan, indexes: [...copied.indexes, ...packed.indexes] } : packed;
}

type Indexes = { readonly ok: true; readonly indexes: readonly ScratchName[] } | Failure;

const allDone = (results: readonly Outcome<{ readonly index: ScratchName }>[]): Indexes => {
  const indexes: ScratchName[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    indexes.push(result.index);
  }
  return { ok: true, indexes };
};
