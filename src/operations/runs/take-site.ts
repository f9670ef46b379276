import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { forgetOldOperations } from "./forget-operations.ts";
import type { Installation } from "../installation.ts";
import { announceRun } from "../rows/open-run-rows.ts";
import { insertOperation, type Operation } from "../rows/operation-rows.ts";
import { changeSite, siteBusy, takenBy, type OpenRun, type SiteRow } from "../rows/site-row.ts";
import { runRef, startRun } from "./start-run.ts";

interface Taking {
  readonly site: SiteId;
  readonly operation: Operation;
  /** What only the site's row tells, as it is when the site is taken; may refuse by throwing. */
  readonly fromRow?: (row: SiteRow) => Partial<Operation>;
}

/** Gives the site to the operation's run and starts it; the operation stands beside the site's row from then on. */
export const takeSite = async (
  deps: Installation,
  call: Call,
  { site, operation, fromRow = () => ({}) }: Taking,
): Promise<Operation> => {
  await forgetOldOperations(deps, site);
  const run: OpenRun = {
    id: operation.run,
    kind: operation.kind === "undo" ? "undo" : "restore",
    since: operation.created,
    operation: operation.id,
  };
  await announceRun(deps, { run: run.id, site, since: run.since });
  const taken = await changeSite(deps.catalog, site, (row) => {
    if (row.run !== undefined) throw siteBusy(row.run);
    const whole: Operation = { ...operation, ...fromRow(row) };
    const next = takenBy(row, run);
    return { row: next, also: [insertOperation(whole)], result: { row: next, operation: whole } };
  });
  await startRun(deps, call, site, runRef(site, taken.row));
  return taken.operation;
};
