import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { readOperation } from "../../operations/rows/operation-rows.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import type { Call } from "../../ports/call.ts";
import type { RunRef, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { changeOperation } from "./change-operation.ts";

/**
 * Takes the site offline. Where it has no stop command only the page stands in front of it, which the log says. An attempt
 * that ends after the site was started again starts it once more: nobody else would.
 */
export const stopSite =
  (deps: Installation) =>
  (ref: RunRef, call: Call): Promise<StepResult<"stopSite">> =>
    advancing(deps, ref, async () => {
      const host = await deps.hosts.host(ref.site);
      const stopped = await host.stop(ref.run);
      const before = await changeOperation(deps, ref, (operation) => ({ ...operation, stopped }));
      if (before === undefined ? await isNobodysStop(deps, ref) : before.started === true) await host.start(ref.run);
      call.log.info("site stopped", { site: siteLabel(ref.site), run: ref.run, by: stopped });
      return { ok: true };
    });

/** Whether no other run has the site that will still start it. */
const isNobodysStop = async (deps: Installation, ref: RunRef): Promise<boolean> => {
  const { run } = await readSiteRow(deps.catalog, ref.site);
  if (run?.operation === undefined) return true;
  return (await readOperation(deps.catalog, ref.site, run.operation))?.operation.started === true;
};
