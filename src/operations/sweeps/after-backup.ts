import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import type { Installation } from "../installation.ts";
import { retainSite } from "./retain-site.ts";
import { startDue } from "./start-due.ts";

/** What follows a backup, however it ended: old ones go, and the next planned run gets the place that is free. */
export const afterBackup = (deps: Installation) => {
  const retain = retainSite(deps);
  return async ({ site }: StepInput<"afterBackup">, call: Call): Promise<StepResult<"afterBackup">> => {
    await startDue(deps)(call);
    await retain(call, site);
    return { ok: true };
  };
};
