import type { Call } from "../ports/call.ts";
import type { AlarmDeps } from "./alarm-channels.ts";
import { deliverAlarms } from "./deliver-alarms.ts";
import { sendDigest } from "./send-digest.ts";
import { watchSites } from "./watch-sites.ts";

/** One round: what happened, the digest when its time has come, and everything that waits to be sent. */
export const tendAlarms =
  (deps: AlarmDeps) =>
  async (call: Call): Promise<void> => {
    await watchSites(deps)(call);
    await sendDigest(deps)(call);
    await deliverAlarms(deps)(call);
  };
