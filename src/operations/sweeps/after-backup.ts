import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import type { Installation } from "../installation.ts";
import { forgetBeats } from "../rows/step-rows.ts";
import { retainSite } from "./retain-site.ts";
import { startDue } from "./start-due.ts";

/** What follows a backup, however it ended: old ones go, and the next planned run gets the place that is free. */
export const afterBackup = (deps: Installation) => {
  const retain = retainSite(deps);
  return async ({ site, run }: StepInput<"afterBackup">, call: Call): Promise<StepResult<"afterBackup">> => {
    await startDue(deps)(call);
    await retain(call, site);
    // Of an attempt before, whose process died: nobody looks after the run any more.
    await forgetBeats(deps.catalog, site, run);
    return { ok: true };
  };
};
