import { ageMs } from "../../domain/age.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { isGoingOn } from "../../ports/workflow-runner.ts";
import { findSiteOrPast } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { readProgress, type Progress } from "../rows/backup-rows.ts";
import { readOperation, type Operation } from "../rows/operation-rows.ts";
import { readSiteRow } from "../rows/site-row.ts";
import { runRef, startRun } from "../runs/start-run.ts";
import { claimVerify, startVerify } from "../backups/verify-backup.ts";

export interface OperationResult {
  readonly site: SiteDefinition;
  readonly operation: Operation;
}

/** An operation as it stands: a restore, an undo, a verify. One that was written and never started is started. */
export const getOperation =
  (deps: Installation) =>
  async (call: Call, id: SiteId, operationId: string): Promise<OperationResult> => {
    const site = await findSiteOrPast(deps, id);
    const found = await readOperation(deps.catalog, site.id, operationId);
    if (found === undefined) throw refuse("OperationNotFound", { operation: operationId, site: siteLabel(site.id) });
    await startAgain(deps, call, site.id, found);
    return { site, operation: found.operation };
  };

/** What an operation is doing now; undefined before it began, and once it has ended. */
export const getOperationProgress =
  (deps: Installation) =>
  async (
    call: Call,
    id: SiteId,
    operationId: string,
  ): Promise<OperationResult & { readonly progress: Progress | undefined }> => {
    const found = await getOperation(deps)(call, id, operationId);
    const isOpen = found.operation.status === "InProgress";
    return {
      ...found,
      progress: isOpen ? await readProgress(deps.catalog, found.site.id, found.operation.run) : undefined,
    };
  };

type Found = NonNullable<Awaited<ReturnType<typeof readOperation>>>;

/** Between the row and the start the process may have died: who polls notices, and start is idempotent. */
const startAgainAfterMs = 10_000;

const startAgain = async (deps: Installation, call: Call, site: SiteId, found: Found): Promise<void> => {
  const { operation } = found;
  const age = ageMs(operation.created, deps.clock.now());
  if (operation.status !== "InProgress" || age < startAgainAfterMs) return;
  const state = await call.runner.state(operation.run);
  if (isGoingOn(state)) return;
  if (operation.kind === "verify") {
    if (!(await claimVerify(deps, site, found))) return;
    // One that ended without a result goes on where its row says.
    if (state !== undefined) await call.runner.purge(operation.run);
    return startVerify(call, site, operation);
  }
  if (state !== undefined) return;
  const row = await readSiteRow(deps.catalog, site);
  if (row.run?.operation === operation.id) await startRun(deps, call, site, runRef(site, row));
};
