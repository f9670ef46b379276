import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { findSiteOrPast } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { readOperation, replaceOperation, type Operation } from "../rows/operation-rows.ts";
import { changeSite } from "../rows/site-row.ts";

/**
 * Asks a restore, an undo or a verify to end, and returns before it has: its run notices, puts back what it has exchanged,
 * and closes as Failed, with the site as it was. Refused once it would not end so any more. Asking twice is not an error.
 */
export const cancelOperation =
  (deps: Installation) =>
  async (call: Call, id: SiteId, operationId: string): Promise<void> => {
    const site = (await findSiteOrPast(deps, id)).id;
    await changeSite(deps.catalog, site, async (row) => {
      const found = await readOperation(deps.catalog, site, operationId);
      if (found === undefined) throw refuse("OperationNotFound", { operation: operationId, site: siteLabel(site) });
      const { operation, version } = found;
      if (operation.cancelled !== undefined) return { row, result: undefined };
      const reason = whyNot(operation);
      if (reason !== undefined)
        throw refuse("OperationNotCancellable", { kind: operation.kind, site: siteLabel(site), reason });
      const cancelled: Operation = { ...operation, cancelled: deps.clock.now().toISOString() };
      return { row, also: [replaceOperation(cancelled, version)], result: undefined };
    });
    call.log.info("operation cancelled", { site: siteLabel(site), operation: operationId, caller: call.caller });
  };

/** Undefined: it can be. */
const whyNot = ({ kind, status, settles, final }: Operation): string | undefined => {
  if (status !== "InProgress") return "it has ended.";
  if (settles === true) return "it puts the site back after a restore that came to no end.";
  if (final !== true) return undefined;
  return kind === "restore"
    ? "everything is exchanged, and it is about to end. Undo takes it back."
    : "it is putting back already, and is about to end.";
};
