import type { Installation } from "../operations/installation.ts";
import { readOperation, replaceOperation, type Operation } from "../operations/rows/operation-rows.ts";
import { changeSite } from "../operations/rows/site-row.ts";
import type { RunRef } from "../workflows/contract.ts";

/** Changes the run's operation while the run owns the site. False, and nothing is changed, when it does not any more. */
export const changeOperation = (
  deps: Pick<Installation, "catalog">,
  ref: RunRef,
  change: (operation: Operation) => Operation,
): Promise<boolean> =>
  changeSite(deps.catalog, ref.site, async (row) => {
    if (row.epoch !== ref.epoch || row.run?.id !== ref.run) return { row, result: false };
    const found = row.run.operation && (await readOperation(deps.catalog, ref.site, row.run.operation));
    if (!found) return { row, result: false };
    return { row, also: [replaceOperation(change(found.operation), found.version)], result: true };
  });
