import { refuse } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { wantedDatabases } from "../../operations/restores/archived-databases.ts";
import { openRestoreArchive, refuseOutsideLinks, restoreScope } from "../../operations/restores/restore-archive.ts";
import type { RestoreRequest } from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { wantedConfiguration } from "./wanted-configuration.ts";
import { settleFormerRuns } from "./former-runs.ts";
import { restoring } from "./restoring.ts";
import { reportProgress } from "../progress.ts";
import { requestOf, type CheckedArchive } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";
import { settleExchanges } from "./settle-exchanges.ts";
import { startStuckSite } from "./start-stuck-site.ts";

/** Refuses what can be refused before the site is looked at: another archive than it should be, or a site that may not be touched. */
export const checkArchive =
  (deps: Installation) =>
  (ref: RunRef, call: Call): Promise<StepResult<"checkArchive">> =>
    restoring(deps, ref, async () => {
      await settleFormerRuns(deps, ref, call);
      return check(deps, ref, call);
    });

const check = (deps: Installation, ref: RunRef, call: Call): Promise<StepResult<"checkArchive">> =>
  advancing(deps, ref, async (operation) => {
    const request = requestOf(operation);
    const progress = reportProgress(deps, ref, "check");
    progress.set({ phase: "Checking" });
    const host = await deps.hosts.host(ref.site);
    await checkThere(ref, host);
    await settleExchanges(deps, { ref, host }, call);
    await startStuckSite(deps, ref, { host, call });
    await checkSite(ref, host, request);
    const { signal } = progress;
    const opened = await openRestoreArchive(deps, request, signal);
    const wanted = await wantedDatabases(opened, operation.databases ?? []);
    const scope = restoreScope(opened, request.paths, host.files.localRoots);
    await refuseOutsideLinks(deps, opened, { request, scope, signal });
    const { lines } = await wantedConfiguration(deps, operation, { archive: opened.archive, signal });
    await progress.end();
    signal.throwIfAborted();
    const { commitId } = opened.archive;
    call.log.info("archive checked", { site: siteLabel(ref.site), run: ref.run, blob: request.blob, commitId });
    const checked: CheckedArchive = { commitId, lines: [...opened.notes, ...lines] };
    const name = await scratchOf(await deps.scratch(), ref.run).putJson(checked);
    return { ok: true, checked: name, databases: wanted.length, files: request.databasesOnly !== true };
  });

const checkThere = async (ref: RunRef, host: SiteHost): Promise<void> => {
  if ((await host.content()) === "missing")
    throw refuse("SiteFilesMissing", { site: siteLabel(ref.site), directory: host.location });
};

/** As it is once nothing half done of others is in it. */
const checkSite = async (ref: RunRef, host: SiteHost, { overwrite, databasesOnly }: RestoreRequest): Promise<void> => {
  const isExpectedEmpty = !overwrite && databasesOnly !== true;
  if (isExpectedEmpty && (await host.content()) === "present")
    throw refuse("SiteExists", { site: siteLabel(ref.site) });
  const state = await host.exchange(ref.run).state();
  if (state !== "none" && state !== "staged")
    throw refuse("RestoreFailed", {
      reason: "It was interrupted after it had begun to exchange the site's content. Undo it, or restore again.",
    });
};
