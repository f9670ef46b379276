import { registerTimer } from "../functions/timers.ts";
import { alignSchedules } from "../operations/sweeps/align-schedules.ts";
import { noteSweep } from "../operations/checks/health.ts";
import type { Installation } from "../operations/installation.ts";
import { purgeEndedRuns } from "../operations/sweeps/purge-ended-runs.ts";
import { resealSecrets } from "../operations/sweeps/reseal-secrets.ts";
import { retainAll } from "../operations/sweeps/retain-all.ts";
import { sendHeartbeat } from "../operations/alarms/send-heartbeat.ts";
import { sweep } from "../operations/sweeps/sweep.ts";
import { takeUpRuns } from "../operations/sweeps/take-up-runs.ts";
import { tendAlarms } from "../operations/alarms/tend-alarms.ts";
import { tellWhatGoesOn } from "../operations/sweeps/tell-what-goes-on.ts";
import { tidy } from "../operations/sweeps/tidy.ts";
import { watchRuns } from "../operations/sweeps/watch-runs.ts";
import { watchNewSites } from "../operations/alarms/watch-sites.ts";
import { clearScratch } from "../steps/clear-scratch.ts";
import { forgetExpiredUndos } from "../steps/restore/forget-expired-undos.ts";
import { watchRoom } from "../steps/watch-room.ts";
import { lookAgain } from "../steps/backup/look-again.ts";

/** All that happens by itself, and when. `isAlone`: no other process serves this installation. */
export const registerTimers = (installation: Installation, { isAlone }: { readonly isAlone: boolean }): void => {
  const sweepDue = sweep(installation);
  registerTimer(
    "zHousekeeping",
    "*/20 * * * * *",
    tidy({
      going: tellWhatGoesOn(installation),
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
  // Where instances share a catalog it lies on no disk of theirs.
  if (isAlone) registerTimer("zRoom", "*/2 * * * * *", watchRoom(installation));
  registerTimer("zUndoEnds", "0 40 * * * *", forgetExpiredUndos(installation));
};
