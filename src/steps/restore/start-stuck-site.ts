import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { sitePartition } from "../../operations/rows/keys.ts";
import {
  readOperation,
  readKnownOperations,
  replaceOperation,
  type Operation,
} from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";

/**
 * Before a run does anything to its site: one that the last restore or undo could not start, because its disk had become
 * read-only or the command failed, or it was given up before, is started now. Nobody else would take the page away, and a
 * restore that finds nothing to change does not stop and start the site. That it cannot be started still is told already.
 */
export const startStuckSite = async (
  deps: Installation,
  { site }: Pick<RunRef, "site">,
  { host, call }: { readonly host: SiteHost; readonly call: Call },
): Promise<void> => {
  const operations = (await readKnownOperations(deps.catalog, site)).map((row) => row.operation);
  const last = operations
    .filter(touchedSite)
    .toSorted((a, b) => (a.created < b.created ? -1 : 1))
    .at(-1);
  if (last?.status !== "Failed" || last.up === true) return;
  try {
    await host.start(last.run);
  } catch (error) {
    call.log.warn("a site that a restore could not start cannot be started now", { site: siteLabel(site), error });
    return;
  }
  call.log.info("a site that a restore could not start is started", { site: siteLabel(site), run: last.run });
  const found = await readOperation(deps.catalog, site, last.id);
  if (found !== undefined)
    await deps.catalog.write(sitePartition(site), [replaceOperation({ ...found.operation, up: true }, found.version)]);
};

/** One that was given up may have stopped the site without coming to note it. */
const touchedSite = ({ kind, status, started, stopped, closed }: Operation): boolean =>
  kind !== "verify" && status !== "InProgress" && (started === true || stopped !== undefined || closed !== true);
