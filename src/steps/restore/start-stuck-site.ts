import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { sitePartition } from "../../operations/rows/keys.ts";
import { readOperation, readOperations, replaceOperation } from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";

/**
 * Before a run does anything to its site: one that the last restore or undo could not start, because its disk had become
 * read-only or the command failed, is started now. Nobody else would take the page away, and a restore that finds nothing
 * to change does not stop and start the site. That it cannot be started still is told already.
 */
export const startStuckSite = async (
  deps: Installation,
  { site }: Pick<RunRef, "site">,
  { host, call }: { readonly host: SiteHost; readonly call: Call },
): Promise<void> => {
  const operations = (await readOperations(deps.catalog, site)).map((row) => row.operation);
  const started = operations.filter((operation) => operation.started === true);
  const last = started.toSorted((a, b) => (a.created < b.created ? -1 : 1)).at(-1);
  if (last?.status !== "Failed" || last.closed !== true || last.up === true) return;
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
