import { SwapColumns } from "../../archive/listing/swap-columns.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { ownsSite, runLost } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { readRecord, type RestoreReport, type StagedRecord } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";

/**
 * Exchanges the content. The exchange's journal makes it one thing: an attempt that was cut off is finished by the next,
 * and of two at the same time the later one takes over.
 */
export const swapIn =
  (deps: Installation) =>
  (input: StepInput<"swapIn">, call: Call): Promise<StepResult<"swapIn">> =>
    advancing(deps, input, async () => {
      const progress = reportProgress(deps, input, "swap");
      progress.set({ phase: "Exchanging" });
      const scratch = scratchOf(await deps.scratch(), input.run);
      const { operations } = await readRecord<StagedRecord>(scratch, input.staged);
      const columns = SwapColumns.decode(await scratch.get(operations));
      const host = await deps.hosts.host(input.site);
      if (!(await ownsSite(deps, input))) return runLost;
      const { notes } = await host.exchange(input.run).swap(columns.operations());
      await progress.end();
      call.log.info("content exchanged", { site: siteLabel(input.site), run: input.run, changes: columns.length });
      const report: RestoreReport = { lines: notes };
      return { ok: true, report: await scratch.putJson(report) };
    });
