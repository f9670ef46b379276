import { registerTimer } from "../functions/timers.ts";
import { alignSchedules } from "../operations/align-schedules.ts";
import { noteSweep } from "../operations/health.ts";
import type { Installation } from "../operations/installation.ts";
import { purgeEndedRuns } from "../operations/purge-ended-runs.ts";
import { resealSecrets } from "../operations/reseal-secrets.ts";
import { retainAll } from "../operations/retain-all.ts";
import { sendHeartbeat } from "../operations/send-heartbeat.ts";
import { sweep } from "../operations/sweep.ts";
import { takeUpRuns } from "../operations/take-up-runs.ts";
import { tendAlarms } from "../operations/tend-alarms.ts";
import { tidy } from "../operations/tidy.ts";
import { watchRuns } from "../operations/watch-runs.ts";
import { watchNewSites } from "../operations/watch-sites.ts";
import { clearScratch } from "../steps/clear-scratch.ts";
import { forgetExpiredUndos } from "../steps/forget-expired-undos.ts";
import { lookAgain } from "../steps/look-again.ts";

/** All that happens by itself, and when. `isAlone`: no other process serves this installation. */
export const registerTimers = (installation: Installation, { isAlone }: { readonly isAlone: boolean }): void => {
  const sweepDue = sweep(installation);
  registerTimer(
    "zHousekeeping",
    "*/20 * * * * *",
    tidy({
      dead: watchRuns(installation, { isAlone }),
      open: takeUpRuns(installation),
      due: async (call) => {
        await sweepDue(call);
        await noteSweep(installation);
      },
    }),
  );
  registerTimer("zAlarms", "*/10 * * * * *", tendAlarms(installation));
  registerTimer("zHeartbeat", "45 */5 * * * *", sendHeartbeat(installation));
  registerTimer("zNewSites", "0 10 * * * *", watchNewSites(installation));
  registerTimer("zReseal", "0 50 * * * *", async (call) => void (await resealSecrets(installation)(call)));
  registerTimer("zRetention", "30 */10 * * * *", retainAll(installation, lookAgain(installation)));
  registerTimer(
    "zTidy",
    "0 20 * * * *",
    tidy({
      schedules: alignSchedules(installation),
      runs: purgeEndedRuns(installation),
      scratch: clearScratch(installation),
    }),
  );
  registerTimer("zUndoEnds", "0 40 * * * *", forgetExpiredUndos(installation));
};
