import { siteLabel } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { Installation } from "../installation.ts";
import { readOpenRuns, type AnnouncedRun } from "../rows/open-run-rows.ts";
import { forgetBeats, signsOfLife } from "../rows/step-rows.ts";
import { deadAfterMs, standingStill } from "./standing-still.ts";

/**
 * Ends workflows that are dead: while one of their steps is executed, nothing was heard of it for 15 minutes of this
 * process' own uptime. Whoever takes up runs then starts them anew. A run that is queued is not dead, however long it waits.
 */
export const watchRuns = (
  { catalog, clock }: Pick<Installation, "catalog" | "clock">,
  { isAlone }: { /** No other process executes steps. */ readonly isAlone: boolean },
) => {
  const look = standingStill(clock);
  let isFirst = true;
  return async (call: Call): Promise<void> => {
    const open = await readOpenRuns(catalog);
    // What an earlier process left says nothing about steps that wait for their turn in this one; its own tell again.
    if (isFirst && isAlone) for (const { site, run } of open) await forgetBeats(catalog, site, run);
    isFirst = false;
    const signs = new Map<string, string>();
    for (const { site, run } of open) {
      const sign = await signsOfLife(catalog, site, run);
      if (sign !== undefined) signs.set(run, sign);
    }
    const stillMs = look(signs);
    for (const announced of open)
      if ((stillMs.get(announced.run) ?? 0) >= deadAfterMs) await endDead({ catalog }, call, announced);
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
