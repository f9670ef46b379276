import type { Installation } from "../operations/installation.ts";
import { listOpenRuns } from "../operations/rows/open-run-rows.ts";
import type { Log } from "../ports/log.ts";
import { scratchOf } from "./scratch.ts";

/** Nothing of a run is written so long after its last object but by one that goes on. */
const restMs = 24 * 3_600_000;

/** Removes the work storage of runs that are over and could not do it themselves: their process died at the very end. */
export const clearScratch =
  (deps: Pick<Installation, "catalog" | "scratch" | "clock">) =>
  async ({ log }: { readonly log: Log }): Promise<void> => {
    const scratch = await deps.scratch();
    const newest = new Map<string, number>();
    for await (const { name, modified } of scratch.list("runs/")) {
      const run = name.split("/")[1] ?? "";
      newest.set(run, Math.max(newest.get(run) ?? 0, modified.getTime()));
    }
    // Read afterwards: whoever began meanwhile is in it.
    const { open: readable, unreadable } = await listOpenRuns(deps.catalog);
    const open = new Set([...readable.map(({ run }) => run), ...unreadable.map(({ key }) => key)]);
    const before = deps.clock.now().getTime() - restMs;
    for (const [run, modified] of newest) {
      if (open.has(run) || modified >= before) continue;
      await scratchOf(scratch, run).clear();
      log.info("rests of a run removed", { run });
    }
  };
