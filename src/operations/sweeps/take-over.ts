import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { RowChange } from "../../ports/catalog.ts";
import { clearRun } from "../rows/clear-run.ts";
import type { Installation } from "../installation.ts";
import { readBackup, replaceBackup } from "../rows/backup-rows.ts";
import { announceRun, forgetRun, type AnnouncedRun } from "../rows/open-run-rows.ts";
import { readOperation, replaceOperation, type Operation } from "../rows/operation-rows.ts";
import { changeSite, takenBy, type OpenRun, type SiteRow } from "../rows/site-row.ts";
import { runId, runRef, startRun } from "../runs/start-run.ts";

/**
 * Begins a run anew that was begun before, by a process that may live after all. In one batch it gets another name and the
 * site another epoch: steps of the old one have lost the site, and since blobs, work files and exchanges go by the run's
 * name, what they may still write or clear away is not the new one's. Answers without doing anything when the run no longer
 * owns its site.
 */
export const takeOver = async (deps: Installation, call: Call, old: AnnouncedRun): Promise<void> => {
  const { site, since, ended = 0 } = old;
  let announced: string | undefined;
  const row = await changeSite<SiteRow | undefined>(deps.catalog, site, async (before) => {
    if (before.run?.id !== old.run) return { row: before, result: undefined };
    const run: OpenRun = { ...before.run, id: announced ?? runId(before.run.kind, deps, before.run.backup) };
    // Before the row says so, and harmless if it never does.
    if (announced === undefined) await announceRun(deps, { run: run.id, site, since, ended });
    announced = run.id;
    const next = takenBy(before, run);
    return { row: next, also: [await renamed(deps, site, { from: old.run, run })], result: next };
  });
  if (row === undefined) return announced === undefined ? undefined : forgetRun(deps.catalog, announced);
  call.log.warn("run taken over", { site: siteLabel(site), run: announced, from: old.run });
  await startRun(deps, call, site, runRef(site, row));
  await clearRun(deps.catalog, site, old.run);
};

/** The backup or operation that the run works for, with its new name. */
const renamed = async (
  { catalog }: Pick<Installation, "catalog">,
  site: SiteId,
  { from, run }: { readonly from: string; readonly run: OpenRun },
): Promise<RowChange> => {
  const now = { run: run.id };
  if (run.backup !== undefined) {
    const found = await readBackup(catalog, site, run.backup);
    if (found === undefined) throw new Error(`The catalog has no backup ${run.backup} of ${siteLabel(site)}.`);
    const formerRuns = [...(found.backup.formerRuns ?? []), from];
    return replaceBackup({ ...found.backup, ...now, formerRuns }, found.version);
  }
  const found = run.operation === undefined ? undefined : await readOperation(catalog, site, run.operation);
  if (found === undefined) throw new Error(`The catalog has no operation of the run ${from} of ${siteLabel(site)}.`);
  // The new run stops, exchanges and starts for itself; an undo goes on where the one before may have begun.
  const { started: _, final, ...operation } = found.operation;
  const formerRuns = [...(operation.formerRuns ?? []), from];
  const isFinal = operation.kind === "undo" && final !== undefined ? { final } : {};
  const changed: Operation = { ...operation, ...isFinal, ...now, formerRuns };
  return replaceOperation(changed, found.version);
};
