import { siteLabel } from "../domain/site.ts";
import type { Installation } from "../operations/installation.ts";
import type { Call } from "../ports/call.ts";
import type { RunRef, StepResult } from "../workflows/contract.ts";
import { changeOperation } from "./change-operation.ts";
import { runLost } from "./owns-site.ts";
import { operationOf } from "./restore-run.ts";
import { restoring } from "./restoring.ts";

/** Takes the site offline. Where it has no stop command only the page stands in front of it, which the log says. */
export const stopSite =
  (deps: Installation) =>
  (ref: RunRef, call: Call): Promise<StepResult<"stopSite">> =>
    restoring(async () => {
      await operationOf(deps, ref);
      const host = await deps.hosts.host(ref.site);
      const stopped = await host.stop(ref.run);
      const isOurs = await changeOperation(deps, ref, (operation) => ({ ...operation, stopped }));
      call.log.info("site stopped", { site: siteLabel(ref.site), run: ref.run, by: stopped });
      return isOurs ? { ok: true } : runLost;
    });
