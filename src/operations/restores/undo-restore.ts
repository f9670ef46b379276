import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { findSiteOrPast } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import type { Operation } from "../rows/operation-rows.ts";
import type { SiteRow } from "../rows/site-row.ts";
import { runId } from "../runs/start-run.ts";
import { takeSite } from "../runs/take-site.ts";

/** Puts back what the site's last restore replaced, as long as that is kept. */
export const undoRestore =
  (deps: Installation) =>
  async (call: Call, id: SiteId): Promise<{ readonly site: SiteDefinition; readonly operation: Operation }> => {
    const site = await findSiteOrPast(deps, id);
    const now = deps.clock.now();
    const operation = await takeSite(deps, call, {
      site: site.id,
      operation: {
        id: deps.newId(),
        kind: "undo",
        run: runId("undo", deps),
        status: "InProgress",
        created: now.toISOString(),
      },
      fromRow: (row) => ({ undoOf: undoable(site.id, row, now) }),
    });
    call.log.info("undo asked", { site: siteLabel(id), caller: call.caller });
    return { site, operation };
  };

/** The run of the restore that can be undone now. */
const undoable = (site: SiteId, { undo }: SiteRow, now: Date): string => {
  if (undo === undefined) throw refuse("NothingToUndo", { site: siteLabel(site), reason: "" });
  if (Date.parse(undo.until) < now.getTime())
    throw refuse("NothingToUndo", {
      site: siteLabel(site),
      reason: `: what it replaced was kept until ${undo.until}`,
    });
  return undo.run;
};
