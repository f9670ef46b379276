import { ZodError } from "zod";
import { ageMs } from "../../domain/age.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { Row } from "../../ports/catalog.ts";
import { isGoingOn } from "../../ports/workflow-runner.ts";
import { tellEnded } from "../runs/tell-ended.ts";
import { clearRun } from "../rows/clear-run.ts";
import { failDeletion, startDelete } from "../backups/delete-backup.ts";
import { endRunLate } from "./end-run-late.ts";
import type { Installation } from "../installation.ts";
import { otherHubs } from "./other-hubs.ts";
import { readBackup } from "../rows/backup-rows.ts";
import { announceRun, listOpenRuns, mendOpenRun, type AnnouncedRun } from "../rows/open-run-rows.ts";
import { readSiteRow } from "../rows/site-row.ts";
import { isDeletion, runRef, startRun } from "../runs/start-run.ts";
import { tellOnce } from "../tell-once.ts";
import { unreadableAdvice } from "../checks/unreadable-advice.ts";
import { isSteady } from "../rows/steady-clock.ts";
import { takeOver } from "./take-over.ts";

/** Who began a run has this long to start it. */
const startedWithinMs = 10_000;
/** An announcement that no row took up by then came to nothing. */
const takenUpWithinMs = 60_000;
/** A workflow that ends without closing its run so often is not started again: its run ends as timed out. */
const mostEnds = 3;

/**
 * Starts what was promised to a caller and never started, or ended without an end: the process died in between. Ends
 * backups that take longer than they may.
 */
export const takeUpRuns = (deps: Installation) => {
  const lookAtHubs = otherHubs(deps);
  const isNews = tellOnce();
  return async (call: Call): Promise<void> => {
    const { open, unreadable } = await listOpenRuns(deps.catalog);
    for (const row of unreadable) if (isNews(row.key)) await mend(deps, call, row);
    const asked = deps.runsAtWork.hubsAskedFor();
    const others = await lookAtHubs([...open.map(({ hub }) => hub), ...asked]);
    for (const hub of asked) deps.runsAtWork.noteHub(hub, !others.hasRun(hub));
    const failures: unknown[] = [];
    for (const announced of open)
      try {
        if (others.hasRun(announced.hub)) await leaveTo(call, announced);
        else await lookAt(deps, call, { announced, open });
      } catch (error) {
        // Rows of its site that cannot be understood are nobody else's trouble, and none that passes.
        if (!(error instanceof ZodError)) failures.push(error);
        else if (isNews(announced.run))
          call.log.error("a run cannot be looked after: what the catalog holds of its site cannot be read", {
            site: siteLabel(announced.site),
            run: announced.run,
            next: unreadableAdvice,
            error,
          });
      }
    if (failures.length > 0) throw failures[0];
  };
};

interface Look {
  readonly announced: AnnouncedRun;
  readonly open: readonly AnnouncedRun[];
}

const lookAt = async (deps: Installation, call: Call, { announced, open }: Look): Promise<void> => {
  const age = ageMs(announced.since, deps.clock.now());
  if (age < startedWithinMs) return;
  const start = await whatToStart(deps, call, announced);
  if (start !== undefined) await takeUp(deps, call, announced, start);
  else if (age > takenUpWithinMs) await forget(deps, call, { announced, open });
};

/**
 * A run whose announcement cannot be understood is announced again by the row of the site that it owns; where none says so,
 * nobody waits for it. Where a site's row cannot be understood either, and of a deletion, whose site cannot be told, it
 * stays for a person to see.
 */
const mend = async (deps: Installation, call: Call, row: Row): Promise<void> => {
  const run = row.key;
  const owned = isDeletion(run) ? "unknown" : await ownedBy(deps, run);
  const site = typeof owned === "object" ? siteLabel(owned.site) : undefined;
  const what = site === undefined ? "it is passed over" : "it is written anew from its site's";
  call.log.error(`the row of an open run cannot be read; ${what}`, { run, site });
  if (owned !== "unknown") await mendOpenRun(deps.catalog, row, owned);
};

const ownedBy = async (
  deps: Installation,
  run: string,
): Promise<{ readonly site: SiteId; readonly since: string } | "unknown" | undefined> => {
  let isUnknown = false;
  for (const { id: site } of await deps.sites.list()) {
    // Another site's row that cannot be understood may be the one that says so.
    const row = await readSiteRow(deps.catalog, site).catch((error: unknown) => {
      if (!(error instanceof ZodError)) throw error;
      isUnknown = true;
    });
    if (row?.run?.id === run) return { site, since: row.run.since };
  }
  return isUnknown ? "unknown" : undefined;
};

/** While this process was away another one believed it dead and began the deletion anew: one of them is enough. */
const leaveTo = async (call: Call, { run, site }: AnnouncedRun): Promise<void> => {
  if (!isGoingOn(await call.runner.state(run))) return;
  call.log.warn("run left to the process that took it up", { site: siteLabel(site), run });
  await call.runner.terminate(run, "Another process took it up.");
};

/** Whoever freed the site for the run that waited may have died before it could start that one. */
const forget = async (deps: Installation, call: Call, { announced, open }: Look): Promise<void> => {
  const row = await readSiteRow(deps.catalog, announced.site);
  const owner = row.run?.id;
  if (owner !== undefined && !open.some(({ run }) => run === owner))
    await startRun(deps, call, announced.site, runRef(announced.site, row));
  // Also what became of it may not have been said.
  if (announced.deletes === undefined) await tellEnded(deps, announced.site, announced.run);
  await clearRun(deps.catalog, announced.site, announced.run);
};

/** Undefined when nothing waits for this run any more. */
const whatToStart = async (
  deps: Installation,
  call: Call,
  { run, site, deletes }: AnnouncedRun,
): Promise<(() => Promise<void>) | undefined> => {
  if (deletes !== undefined) {
    const backup = (await readBackup(deps.catalog, site, deletes))?.backup;
    return backup?.status === "DeleteInProgress" ? () => startDelete(deps, call, backup) : undefined;
  }
  const row = await readSiteRow(deps.catalog, site);
  return row.run?.id === run ? () => startRun(deps, call, site, runRef(site, row)) : undefined;
};

/** Another process has had it, which is believed dead: what runs there this one's store of workflows does not know. */
const isAnothers = ({ hub: own }: Pick<Installation, "hub">, { hub, deletes }: AnnouncedRun): boolean =>
  deletes === undefined && own !== undefined && hub !== undefined && hub !== own;

const takeUp = async (
  deps: Installation,
  call: Call,
  announced: AnnouncedRun,
  start: () => Promise<void>,
): Promise<void> => {
  const { run, site, ended = 0 } = announced;
  if (isAnothers(deps, announced)) return takeOver(deps, call, announced);
  const state = await call.runner.state(run);
  if (isGoingOn(state)) return endOverdue(deps, call, announced);
  const about = { site: siteLabel(site), run, state: state ?? "never started" };
  if (state === undefined) {
    call.log.warn("run taken up", about);
    return start();
  }
  const isGivenUp = ended + 1 >= mostEnds;
  call.log.error(isGivenUp ? "run given up" : "run ended without closing; taken up", about);
  if (isGivenUp) return giveUp(deps, call, announced);
  if (announced.deletes === undefined) return takeOver(deps, call, { ...announced, ended: ended + 1 });
  await call.runner.purge(run);
  await start();
  await announceRun(deps, { ...announced, ended: ended + 1 });
};

const giveUp = async (deps: Installation, call: Call, { run, site, deletes }: AnnouncedRun): Promise<void> => {
  const reason = `Its run ended ${mostEnds} times without coming to an end. The service's log says more, by its id ${run}.`;
  if (deletes === undefined) return endRunLate(deps, call, { site, run, reason });
  await failDeletion(deps, { site, backup: deletes, reason });
  await clearRun(deps.catalog, site, run);
};

/** Counted from where it began: what waits for its turn is in time. Restores are never cut off. */
const endOverdue = async (deps: Installation, call: Call, { run, site, deletes }: AnnouncedRun): Promise<void> => {
  if (deletes !== undefined) return;
  const owner = (await readSiteRow(deps.catalog, site)).run;
  if (owner?.id !== run || owner.backup === undefined) return;
  const started = (await readBackup(deps.catalog, site, owner.backup))?.backup.started;
  const { runHours } = deps.policy;
  if (started === undefined || ageMs(started, deps.clock.now()) < runHours * 3_600_000) return;
  // A machine that slept, or whose clock was set, has not worked on it all that time.
  if (!(await isSteady(deps))) return;
  const reason = `It was not done after ${runHours} hours (LIFEBOAT_RUN_HOURS) and was cancelled.`;
  await endRunLate(deps, call, { site, run, reason });
};
