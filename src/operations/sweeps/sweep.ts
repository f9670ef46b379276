import type { Call } from "../../ports/call.ts";
import { alignSchedules } from "./align-schedules.ts";
import type { Installation } from "../installation.ts";
import { startDue } from "./start-due.ts";
import { noteTime } from "../rows/steady-clock.ts";

/** What happens several times a minute. The first time also what may have changed while nobody looked: settings, sites. */
export const sweep = (deps: Installation) => {
  let isAligned = false;
  return async (call: Call): Promise<void> => {
    if (!isAligned) await alignSchedules(deps)(call);
    isAligned = true;
    await noteTime(deps, call);
    await startDue(deps)(call);
  };
};
