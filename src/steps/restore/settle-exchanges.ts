import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { forgetConfigurationsBefore } from "../../operations/rows/configuration-before-rows.ts";
import { readLoadedDatabases } from "../../operations/rows/loaded-database-rows.ts";
import { closedRuns, readOperation } from "../../operations/rows/operation-rows.ts";
import { changeSite, readSiteRow, withoutUndo, type OpenRun } from "../../operations/rows/site-row.ts";
import type { Call } from "../../ports/call.ts";
import type { Log } from "../../ports/log.ts";
import type { ExchangeState, SiteHost } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { isOwner } from "../owns-site.ts";
import { RunLost } from "../progress.ts";
import { forgetDatabases, hasExchangedDatabases, isExchanged, putBackDatabases } from "./put-back-databases.ts";

/**
 * Before a run looks at its site's content: what runs that lost the site left half exchanged is put back, and what they
 * staged is dropped. What the last restore replaced stays kept. Throws when something cannot be put back: then a person
 * has to look at the site first.
 */
export const settleExchanges = async (
  deps: Installation,
  { ref, host }: { readonly ref: RunRef; readonly host: SiteHost },
  call: Call,
): Promise<void> => {
  const isClosed = await closedRuns(deps.catalog, ref.site);
  for (const run of await host.exchanges()) {
    if (run === ref.run) continue;
    const isLast = await isLastRestore(deps, ref, run);
    const exchange = host.exchange(run);
    const state = await exchange.state();
    // What a swap replaced that ended well is kept for undo.
    if (isLast && state === "swapped") continue;
    if (hasToGoBack(state, knownEnd(isClosed, run))) {
      call.log.warn("an interrupted restore is put back", { site: siteLabel(ref.site), run });
      await exchange.putBack();
      await host.start(run);
    }
    // Databases of it that are exchanged still are kept by nothing but that row.
    if (isLast && !(await hasExchangedDatabases(deps, ref.site, run)))
      await changeSite(deps.catalog, ref.site, (row) => ({ row: withoutUndo(row), result: undefined }));
    await exchange.forget();
  }
  await settleDatabases(deps, { ref, host }, call);
};

/** Whether `undo` would put back what `run` replaced. Throws RunLost when the site is no longer the asking run's. */
const isLastRestore = async (
  { catalog }: Pick<Installation, "catalog">,
  ref: RunRef,
  run: string,
): Promise<boolean> => {
  const row = await readSiteRow(catalog, ref.site);
  if (!isOwner(ref, row)) throw new RunLost(ref.run);
  return row.undo?.run === run;
};

/** Without an end of its run a swap was never acknowledged; with one, what it replaced is a rest that could not be removed. */
const hasToGoBack = (state: ExchangeState, isClosed: () => boolean): boolean =>
  state === "swapping" || state === "puttingBack" || (state === "swapped" && !isClosed());

type IsClosed = Awaited<ReturnType<typeof closedRuns>>;

/** To put back what was acknowledged would be as wrong as to keep what was not. */
const knownEnd = (isClosed: IsClosed, run: string) => (): boolean => {
  const known = isClosed(run);
  if (known !== "unknown") return known;
  throw new Error(
    `What the restore ${run} exchanged may have to be put back, and a row of the catalog that would say so cannot be read. lifeboat doctor names it.`,
  );
};

/** As above, for the databases of such runs. */
const settleDatabases = async (
  deps: Installation,
  { ref, host }: { readonly ref: RunRef; readonly host: SiteHost },
  call: Call,
): Promise<void> => {
  const loaded = (await readLoadedDatabases(deps.catalog, ref.site)).map(({ database }) => database);
  if (loaded.length === 0) return;
  const isClosed = await closedRuns(deps.catalog, ref.site);
  for (const run of new Set(loaded.map((database) => database.run))) {
    const exchanged = loaded.filter((database) => database.run === run && isExchanged(database));
    if (run === ref.run || exchanged.length === 0) continue;
    const isLast = await isLastRestore(deps, ref, run);
    // What stays of a run that has closed is kept for undo, or waits to be dropped: to put that back would undo days.
    if (exchanged.every(({ state }) => state === "switched") && knownEnd(isClosed, run)()) continue;
    call.log.warn("an interrupted restore of databases is put back", { site: siteLabel(ref.site), run });
    await putBackDatabases(deps, ref.site, run);
    await host.start(run);
    if (isLast) await changeSite(deps.catalog, ref.site, (row) => ({ row: withoutUndo(row), result: undefined }));
  }
};

/**
 * Drops what runs left beside the site, but for the last restore's, that of whoever owns the site now, and what the next
 * run has to put back.
 */
export const forgetExchanges = async (
  deps: Installation,
  { ref, host, log }: { readonly ref: Pick<RunRef, "site">; readonly host: SiteHost; readonly log: Log },
): Promise<void> => {
  // Listed before the row is read: whoever came later is not in the list.
  const runs = await host.exchanges();
  const { undo, run: owner } = await readSiteRow(deps.catalog, ref.site);
  const former = await formerRunsOf(deps, ref.site, owner);
  const isNeeded = (run: string): boolean => run === undo?.run || run === owner?.id || former.includes(run);
  const isClosed = await closedRuns(deps.catalog, ref.site);
  for (const run of runs) {
    const exchange = host.exchange(run);
    if (!isNeeded(run) && !hasToGoBack(await exchange.state(), () => isClosed(run) === true)) await exchange.forget();
  }
  await forgetConfigurationsBefore(deps.catalog, ref.site, isNeeded);
  await forgetDatabases(deps, ref.site, { log });
};

/** Of the restore that has the site: what they replaced it puts back before all else. */
const formerRunsOf = async (
  { catalog }: Pick<Installation, "catalog">,
  site: SiteId,
  owner: OpenRun | undefined,
): Promise<readonly string[]> =>
  (owner?.operation === undefined ? undefined : await readOperation(catalog, site, owner.operation))?.operation
    .formerRuns ?? [];
