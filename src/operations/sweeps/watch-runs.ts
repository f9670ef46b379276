import { siteLabel } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { Installation } from "../installation.ts";
import { readOpenRuns, type AnnouncedRun } from "../rows/open-run-rows.ts";
import { forgetBeats, signsOfLife } from "../rows/step-rows.ts";

/** Nothing heard of a step that is executed for so long: its process is gone, or its message lost. */
const deadAfterMs = 15 * 60_000;
/** What this process has seen pass between two looks counts so long at most: a machine that slept proves nothing. */
const longestLookMs = 60_000;

interface Still {
  readonly signs: string;
  readonly ms: number;
}

/**
 * Ends workflows that are dead: while one of their steps is executed, nothing was heard of it for 15 minutes of this
 * process' own uptime. Whoever takes up runs then starts them anew. A run that is queued is not dead, however long it waits.
 */
export const watchRuns = (
  deps: Pick<Installation, "catalog" | "clock">,
  { isAlone }: { /** No other process executes steps. */ readonly isAlone: boolean },
) => {
  let stills = new Map<string, Still>();
  let last: number | undefined;
  return async (call: Call): Promise<void> => {
    const now = deps.clock.now().getTime();
    const passed = last === undefined ? 0 : Math.min(Math.max(now - last, 0), longestLookMs);
    const open = await readOpenRuns(deps.catalog);
    // What an earlier process left says nothing about steps that wait for their turn in this one; its own tell again.
    if (last === undefined && isAlone) for (const { site, run } of open) await forgetBeats(deps.catalog, site, run);
    last = now;
    const seen = new Map<string, Still>();
    for (const announced of open) {
      const signs = await signsOfLife(deps.catalog, announced.site, announced.run);
      if (signs === undefined) continue;
      const before = stills.get(announced.run);
      const still = { signs, ms: before?.signs === signs ? before.ms + passed : 0 };
      if (still.ms < deadAfterMs) seen.set(announced.run, still);
      else await endDead(deps, call, announced);
    }
    stills = seen;
  };
};

const endDead = async (
  { catalog }: Pick<Installation, "catalog">,
  call: Call,
  { run, site }: AnnouncedRun,
): Promise<void> => {
  call.log.error("a run is dead: nothing was heard of its step for 15 minutes", { site: siteLabel(site), run });
  await call.runner.terminate(run, "Nothing was heard of it for 15 minutes.");
  await forgetBeats(catalog, site, run);
};
