import { listingFromBytes } from "../../archive/listing/listing-encoding.ts";
import { SwapColumns } from "../../archive/listing/swap-columns.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { ownsSite, runLost } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { planFor, readRecord, reopen, requestOf, type RestorePlanRecord, type StagedRecord } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";
import { placesBytes, stagePlaces } from "./stage-places.ts";

/** Unpacks everything that changes beside the live content, while the site goes on as it is. */
export const stageRestore =
  (deps: Installation) =>
  (input: StepInput<"stageRestore">, call: Call): Promise<StepResult<"stageRestore">> =>
    advancing(deps, input, async (operation) => {
      const request = requestOf(operation);
      const progress = reportProgress(deps, input, "stage");
      const { signal } = progress;
      progress.set({ phase: "Staging" });
      const scratch = scratchOf(await deps.scratch(), input.run);
      const record = await readRecord<RestorePlanRecord>(scratch, input.plan);
      const { write, replace } = record.counts;
      progress.set({
        totalFiles: write.entries + replace.entries,
        totalBytes: write.sizeBytes + replace.sizeBytes,
      });
      const host = await deps.hosts.host(input.site);
      const opened = await reopen(deps, request, { commitId: record.commitId, signal });
      const listing = listingFromBytes(await scratch.get(record.listing));
      const earlier = { listing, listedNs: undefined, verdicts: await scratch.get(record.verdicts) };
      const live = { listing, unlisted: record.unlisted };
      // The same plan again: every verdict is known, so nothing is read.
      const plan = await planFor(deps, { request, opened, host, live, earlier, signal });
      const staging = { host, run: input.run, opened, plan, progress };
      const { attempt, lines } = await stagePlaces(deps, staging, { places: plan.staged, keep: [] });
      await progress.end();
      signal.throwIfAborted();
      if (!(await ownsSite(deps, input))) return runLost;
      const staged: StagedRecord = {
        plan: input.plan,
        staged: [{ attempt, places: await scratch.put(placesBytes(plan.staged)) }],
        operations: await scratch.put(SwapColumns.of(plan.operations(() => attempt)).encode()),
        lines,
      };
      call.log.info("restore staged", { site: siteLabel(input.site), run: input.run, entries: plan.staged.length });
      return { ok: true, staged: await scratch.putJson(staged) };
    });
