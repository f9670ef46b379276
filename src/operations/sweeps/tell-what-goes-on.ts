import { siteLabel } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { isGoingOn } from "../../ports/workflow-runner.ts";
import type { Installation } from "../installation.ts";
import { readOpenRuns } from "../rows/open-run-rows.ts";

const mostNamed = 10;

/**
 * Says once which runs go on that are older than this process: until its next phase such a run says nothing by itself, and
 * whoever started the service anew in the middle of the night wants to know.
 */
export const tellWhatGoesOn = (deps: Pick<Installation, "catalog" | "clock">) => {
  const began = deps.clock.now().toISOString();
  let isTold = false;
  return async (call: Call): Promise<void> => {
    if (isTold) return;
    const going: string[] = [];
    for (const { run, site, since } of await readOpenRuns(deps.catalog)) {
      const state = since < began ? await call.runner.state(run) : undefined;
      if (isGoingOn(state)) going.push(`${run} of ${siteLabel(site)}, since ${since}`);
    }
    isTold = true;
    if (going.length === 0) return;
    const more = going.length > mostNamed ? [`and ${going.length - mostNamed} more`] : [];
    const runs = [...going.slice(0, mostNamed), ...more].join("; ");
    call.log.info("what was under way before the start goes on", { runs });
  };
};
