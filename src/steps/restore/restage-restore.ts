import { listLive } from "../../archive/listing/list-site.ts";
import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { listingFromBytes } from "../../archive/listing/listing-encoding.ts";
import { isUntouched, type EarlierPlan } from "../../archive/restore/restore-plan.ts";
import { SwapColumns } from "../../archive/listing/swap-columns.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { ownsSite, runLost } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { planFor, readRecord, reopen, requestOf, type RestorePlanRecord, type StagedRecord } from "./restore-run.ts";
import { scratchOf, type Scratch } from "../scratch.ts";
import { placesBytes, placesFrom, stagePlaces, type Staging } from "./stage-places.ts";

/**
 * Lists the stopped site again. Where nothing has changed since the plan, which is the rule, that is all; else the plan is
 * made anew, only what changed is read, and only what is not staged yet is unpacked.
 */
export const restageRestore =
  (deps: Installation) =>
  (input: StepInput<"restageRestore">, call: Call): Promise<StepResult<"restageRestore">> =>
    advancing(deps, input, async (operation) => {
      const request = requestOf(operation);
      const progress = reportProgress(deps, input, "restage");
      const { signal } = progress;
      progress.set({ phase: "Looking for changes" });
      const scratch = scratchOf(await deps.scratch(), input.run);
      const before = await readRecord<StagedRecord>(scratch, input.staged);
      const record = await readRecord<RestorePlanRecord>(scratch, before.plan);
      const host = await deps.hosts.host(input.site);
      const listing = listingFromBytes(await scratch.get(record.listing));
      const live = await listLive(host.files, signal);
      const listedNs = record.listedNs === undefined ? undefined : BigInt(record.listedNs);
      if (isSameListing({ listing, listedNs }, live.listing)) {
        await progress.end();
        return { ok: true, staged: input.staged };
      }
      const opened = await reopen(deps, request, { commitId: record.commitId, signal });
      const earlier = { listing, listedNs, verdicts: await scratch.get(record.verdicts) };
      const plan = await planFor(deps, { request, opened, host, live, earlier, signal });
      const problems = [...plan.problems, ...(await host.exchange(input.run).clashes(plan.nameTwins()))];
      if (problems.length > 0) throw refuse("RestoreFailed", { reason: problems.join(" ") });
      const staged = await stageRest(deps, { scratch, before }, { host, run: input.run, opened, plan, progress });
      await progress.end();
      // What might have changed has not.
      if (staged.operations === before.operations) return { ok: true, staged: input.staged };
      signal.throwIfAborted();
      if (!(await ownsSite(deps, input))) return runLost;
      call.log.info("restore staged again", { site: siteLabel(input.site), run: input.run });
      return { ok: true, staged: await scratch.putJson(staged) };
    });

/** Unpacks what the new plan needs and no attempt has staged. */
const stageRest = async (
  deps: Installation,
  { scratch, before }: { readonly scratch: Scratch; readonly before: StagedRecord },
  staging: Staging,
): Promise<StagedRecord> => {
  const by = await stagedBy(scratch, before);
  const places = staging.plan.staged.filter((place) => !by.has(place));
  const keep = before.staged.map(({ attempt }) => attempt);
  const more = places.length > 0 ? await stagePlaces(deps, staging, { places, keep }) : undefined;
  const operations = staging.plan.operations((place) => by.get(place) ?? more?.attempt ?? "");
  const added = more && { attempt: more.attempt, places: await scratch.put(placesBytes(places)) };
  return {
    plan: before.plan,
    staged: added === undefined ? before.staged : [...before.staged, added],
    operations: await scratch.put(SwapColumns.of(operations).encode()),
    lines: [
      ...before.lines,
      ...(more?.lines ?? []),
      `The site changed while the restore was prepared; ${places.length} more files were brought in.`,
    ],
  };
};

const stagedBy = async (scratch: Scratch, { staged }: StagedRecord): Promise<ReadonlyMap<number, string>> => {
  const by = new Map<number, string>();
  for (const { attempt, places } of staged)
    for (const place of placesFrom(await scratch.get(places))) by.set(place, attempt);
  return by;
};

/** Times of folders tell nothing here: our own page came into one of them. */
const isSameListing = (before: Omit<EarlierPlan, "verdicts">, now: ListingColumns): boolean => {
  if (before.listing.length !== now.length) return false;
  for (let place = 0; place < now.length; place++) {
    const [old, found] = [before.listing.at(place), now.at(place)];
    if (old.path !== found.path) return false;
    const isSame =
      old.kind === "directory"
        ? found.kind === "directory" && old.mode === found.mode && old.uid === found.uid && old.gid === found.gid
        : isUntouched(old, found, before);
    if (!isSame) return false;
  }
  return true;
};
