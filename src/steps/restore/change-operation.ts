import type { Installation } from "../../operations/installation.ts";
import { readOperation, replaceOperation, type Operation } from "../../operations/rows/operation-rows.ts";
import { changeSite } from "../../operations/rows/site-row.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { isOwner } from "../owns-site.ts";

/** Changes the run's operation while the run owns the site, and tells what it was; undefined when it does not any more. */
export const changeOperation = (
  deps: Pick<Installation, "catalog">,
  ref: RunRef,
  change: (operation: Operation) => Operation,
): Promise<Operation | undefined> =>
  changeSite<Operation | undefined>(deps.catalog, ref.site, async (row) => {
    if (!isOwner(ref, row)) return { row, result: undefined };
    const found = row.run.operation && (await readOperation(deps.catalog, ref.site, row.run.operation));
    if (!found) return { row, result: undefined };
    return { row, also: [replaceOperation(change(found.operation), found.version)], result: found.operation };
  });
