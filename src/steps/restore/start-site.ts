import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { RunRef, StepResult } from "../../workflows/contract.ts";
import { changeOperation } from "./change-operation.ts";
import { runLost } from "../owns-site.ts";
import { restoring } from "./restoring.ts";

/** Undoes the stop of this run; the offline page goes last. */
export const startSite =
  (deps: Installation) =>
  (ref: RunRef, call: Call): Promise<StepResult<"startSite">> =>
    restoring(deps, ref, async () => {
      const isOurs = await changeOperation(deps, ref, (operation) => ({ ...operation, started: true }));
      if (isOurs === undefined) return runLost;
      const host = await deps.hosts.host(ref.site);
      await host.start(ref.run);
      if ((await changeOperation(deps, ref, (operation) => ({ ...operation, up: true }))) === undefined) return runLost;
      call.log.info("site started", { site: siteLabel(ref.site), run: ref.run });
      return { ok: true };
    });
