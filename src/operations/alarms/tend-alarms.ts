import type { AlarmDeps } from "./alarm-channels.ts";
import { deliverAlarms } from "./deliver-alarms.ts";
import { sendDigest } from "./send-digest.ts";
import { tidy } from "../sweeps/tidy.ts";
import { watchSites } from "./watch-sites.ts";

/** One round: what happened, the digest when its time has come, and everything that waits to be sent. */
export const tendAlarms = (deps: AlarmDeps) =>
  tidy({ watch: watchSites(deps), digest: sendDigest(deps), deliver: deliverAlarms(deps) });
