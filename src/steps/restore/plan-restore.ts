import { listLive, type LiveListing } from "../../archive/listing/list-site.ts";
import { listingBytes } from "../../archive/listing/listing-encoding.ts";
import type { RestorePlan } from "../../archive/restore/restore-plan.ts";
import { refuse } from "../../domain/errors.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef, StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { isOwner } from "../owns-site.ts";
import { reportProgress, RunLost } from "../progress.ts";
import { forgetUndo } from "./forget-undo.ts";
import {
  planFor,
  readRecord,
  reopen,
  requestOf,
  type CheckedArchive,
  type Comparing,
  type RestorePlanRecord,
} from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";

/** Compares the archive with the site and decides what is to be done; refuses what cannot be done while nothing is touched. */
export const planRestore =
  (deps: Installation) =>
  (input: StepInput<"planRestore">, call: Call): Promise<StepResult<"planRestore">> =>
    advancing(deps, input, async (operation) => {
      const request = requestOf(operation);
      const progress = reportProgress(deps, input, "plan");
      const { signal } = progress;
      const scratch = scratchOf(await deps.scratch(), input.run);
      const checked = await readRecord<CheckedArchive>(scratch, input.checked);
      progress.set({ phase: "Listing" });
      const host = await deps.hosts.host(input.site);
      const opened = await reopen(deps, request, { commitId: checked.commitId, signal });
      const live = await listLive(host.files, signal);
      progress.set({ phase: "Comparing", totalFiles: live.listing.length, totalBytes: live.listing.totalBytes() });
      const onProgress: Comparing["onProgress"] = ({ files, sizeBytes }) => progress.set({ files, bytes: sizeBytes });
      const plan = await planFor(deps, { request, opened, host, live, signal, onProgress });
      const notes = await checkPossible(deps, { ref: input, host, plan });
      // What is compared is done; what is told from here on is what is staged.
      progress.set({ files: 0, bytes: 0, totalFiles: 0, totalBytes: 0 });
      await progress.end();
      signal.throwIfAborted();
      const record: RestorePlanRecord = {
        commitId: checked.commitId,
        listing: await scratch.put(listingBytes(live.listing)),
        listedNs: String(live.beganNs),
        verdicts: await scratch.put(plan.verdicts),
        unlisted: live.unlisted,
        counts: plan.counts,
        done: countLines(plan),
        lines: [...checked.lines, ...plan.notes, ...notes, ...unlistedLines(live)],
      };
      const changes = changeCount(plan) + (request.configuration ? 1 : 0);
      call.log.info("restore planned", { site: siteLabel(input.site), run: input.run, changes, ...flat(plan) });
      return { ok: true, plan: await scratch.putJson(record), changes };
    });

const changeCount = ({ counts }: RestorePlan): number =>
  counts.write.entries + counts.replace.entries + counts.remove.entries + counts.adjust.entries;

const flat = ({ counts }: RestorePlan) =>
  Object.fromEntries(Object.entries(counts).map(([action, { entries }]) => [action, entries]));

const countLines = ({ counts }: RestorePlan): readonly string[] => {
  const { write, replace, remove, adjust, keep, leave } = counts;
  const bytes = write.sizeBytes + replace.sizeBytes;
  return [
    `Written: ${write.entries}, replaced: ${replace.entries} (together ${showBytes(bytes)}), removed: ${remove.entries}, ` +
      `adjusted: ${adjust.entries}, kept: ${keep.entries}, left alone: ${leave.entries}.`,
  ];
};

const unlistedLines = ({ unlisted }: LiveListing): readonly string[] =>
  unlisted.length === 0
    ? []
    : [`What could not be listed in the site stays (sockets, pipes, closed folders): ${unlisted.length}.`];

interface Planned {
  readonly ref: RunRef;
  readonly host: SiteHost;
  readonly plan: RestorePlan;
}

/** Throws RestoreFailed with all that stands against it. */
const checkPossible = async (deps: Installation, planned: Planned): Promise<readonly string[]> => {
  const { ref, host, plan } = planned;
  const exchange = host.exchange(ref.run);
  const need = () => ({ staged: plan.stagedFiles(), changed: plan.changedPaths() });
  const lasting = [...plan.problems, ...(await exchange.clashes(plan.nameTwins()))];
  const problems = [...lasting, ...(await exchange.check(need()))];
  if (problems.length === 0) return [];
  // What an earlier restore replaced takes room, too: this one is worth more.
  const dropped = lasting.length === 0 && (await dropEarlier(deps, planned));
  const left = dropped ? await exchange.check(need()) : problems;
  if (left.length > 0) throw refuse("RestoreFailed", { reason: left.join(" ") });
  return ["What the restore before this one had replaced was dropped, to make room."];
};

/** False when nothing is kept for an undo. Throws RunLost: what is kept by now may be what a later restore replaced. */
const dropEarlier = async (deps: Installation, { ref, host }: Planned): Promise<boolean> => {
  const row = await readSiteRow(deps.catalog, ref.site);
  if (!isOwner(ref, row)) throw new RunLost(ref.run);
  return row.undo !== undefined && forgetUndo(deps, ref.site, { run: row.undo.run, host });
};
