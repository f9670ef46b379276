import { clearRun } from "../operations/rows/clear-run.ts";
import type { Installation } from "../operations/installation.ts";
import { readSiteRow } from "../operations/rows/site-row.ts";
import { runRef, startRun } from "../operations/runs/start-run.ts";
import type { Call } from "../ports/call.ts";
import type { RunRef } from "../workflows/contract.ts";
import { scratchOf } from "./scratch.ts";

/**
 * After a run's site was freed: starts whoever waited and clears away what the run needed. Idempotent: also an attempt
 * that comes after the site was freed makes sure of it.
 */
export const endRun = async (deps: Installation, ref: RunRef, call: Call): Promise<void> => {
  const row = await readSiteRow(deps.catalog, ref.site);
  if (row.run !== undefined && row.run.id !== ref.run) await startRun(deps, call, ref.site, runRef(ref.site, row));
  await scratchOf(await deps.scratch(), ref.run).clear();
  await clearRun(deps.catalog, ref.site, ref.run);
  deps.runsAtWork.forget(ref.run);
};
