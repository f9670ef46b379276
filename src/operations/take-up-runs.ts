import { siteLabel } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import { startDelete } from "./delete-backup.ts";
import type { Installation } from "./installation.ts";
import { readBackup } from "./rows/backup-rows.ts";
import { announceRun, forgetRun, readOpenRuns, type AnnouncedRun } from "./rows/open-run-rows.ts";
import { readSiteRow } from "./rows/site-row.ts";
import { runRef, startRun } from "./start-run.ts";

/** Who began a run has this long to start it. */
const startedWithinMs = 10_000;
/** An announcement that no row took up by then came to nothing. */
const takenUpWithinMs = 60_000;
/** A workflow that ends without closing its run is started again so often; then people have to look. */
const mostEnds = 3;

/** Starts what was promised to a caller and never started, or ended without an end: the process died in between. */
export const takeUpRuns =
  (deps: Installation) =>
  async (call: Call): Promise<void> => {
    const now = deps.clock.now().getTime();
    for (const announced of await readOpenRuns(deps.catalog)) {
      const age = now - Date.parse(announced.since);
      if (age < startedWithinMs) continue;
      const start = await whatToStart(deps, call, announced);
      if (start !== undefined) await takeUp(deps, call, announced, start);
      else if (age > takenUpWithinMs) await forgetRun(deps.catalog, announced.run);
    }
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

const takeUp = async (
  deps: Installation,
  call: Call,
  announced: AnnouncedRun,
  start: () => Promise<void>,
): Promise<void> => {
  const { run, site, ended = 0 } = announced;
  const state = await call.runner.state(run);
  if (state === "running" || state === "pending") return;
  const about = { site: siteLabel(site), run, state: state ?? "never started" };
  if (state === undefined) {
    call.log.warn("run taken up", about);
    return start();
  }
  if (ended === mostEnds) return;
  call.log.error(
    ended + 1 === mostEnds ? "run given up: look into its log" : "run ended without closing; taken up",
    about,
  );
  if (ended + 1 < mostEnds) {
    await call.runner.purge(run);
    await start();
  }
  await announceRun(deps.catalog, { ...announced, ended: ended + 1 });
};
