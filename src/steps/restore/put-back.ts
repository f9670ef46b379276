import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { Exchange, SiteHost, SwapReport } from "../../ports/site-host.ts";
import type { RunRef, StepResult } from "../../workflows/contract.ts";
import { beyondCancelling } from "./advancing.ts";
import { changeOperation } from "./change-operation.ts";
import { failed, ownsSite, runLost } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { hasExchangedDatabases, putBackDatabases } from "./put-back-databases.ts";
import { putConfigurationBack } from "./restore-configuration.ts";
import { operationOf, type RestoreReport } from "./restore-run.ts";
import { restoring } from "./restoring.ts";
import { scratchOf } from "../scratch.ts";

/**
 * Brings back what a restore replaced: this run's own when it failed or was cancelled, that of an earlier one when this is
 * its undo, which cannot be cancelled from here on.
 */
export const putBack =
  (deps: Installation) =>
  (ref: RunRef, call: Call): Promise<StepResult<"putBack">> =>
    restoring(deps, ref, async () => {
      const { undoOf, settles = false, formerRuns = [] } = await operationOf(deps, ref);
      const run = undoOf ?? ref.run;
      const stopped = undoOf === undefined || settles ? undefined : await beyondCancelling(deps, ref);
      if (stopped !== undefined) return stopped;
      if (undoOf === undefined) await changeOperation(deps, ref, (operation) => ({ ...operation, putsBack: true }));
      const progress = reportProgress(deps, ref, "back");
      progress.set({ phase: "Putting back" });
      const host = await deps.hosts.host(ref.site);
      const exchange = host.exchange(run);
      const hasNothing = !(await hasExchangedDatabases(deps, ref.site, run)) && (await exchange.state()) === "none";
      if (undoOf !== undefined && !settles && hasNothing)
        return failed("What the restore had replaced is not there any more; nothing was undone.");
      if (!(await ownsSite(deps, ref))) return runLost;
      const databases = await putBackDatabases(deps, ref.site, run).catch((error: unknown) => ({ error }));
      const { notes } = await putExchangeBack(exchange);
      const hasConfiguration = await putConfigurationBack(deps, ref, { run, host });
      // A restore that was given up may have been taken over before it could settle what went before.
      if (settles) await putFormerBack(deps, ref, { formerRuns, host });
      // A database that is stuck is no reason to leave the files as they are.
      if ("error" in databases) throw databases.error;
      await progress.end();
      call.log.info("content put back", { site: siteLabel(ref.site), run: ref.run });
      const report: RestoreReport = {
        lines: [
          "What was replaced was put back.",
          ...(hasConfiguration ? ["The configuration was put back."] : []),
          ...databases.lines,
          ...notes,
        ],
      };
      return { ok: true, report: await scratchOf(await deps.scratch(), ref.run).putJson(report) };
    });

/** One that had not begun is dropped: an attempt that stands still right before it must not begin it any more. */
const putExchangeBack = async (exchange: Exchange): Promise<SwapReport> => {
  const report = await exchange.putBack();
  if ((await exchange.state()) === "staged") await exchange.forget();
  return report;
};

const putFormerBack = async (
  deps: Installation,
  ref: RunRef,
  { formerRuns, host }: { readonly formerRuns: readonly string[]; readonly host: SiteHost },
): Promise<void> => {
  for (const run of formerRuns.toReversed()) {
    await putBackDatabases(deps, ref.site, run);
    await putExchangeBack(host.exchange(run));
    await putConfigurationBack(deps, ref, { run, host });
  }
};
