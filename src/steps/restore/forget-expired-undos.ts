import { messageOf } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import { isSteady } from "../../operations/rows/steady-clock.ts";
import type { Log } from "../../ports/log.ts";
import { forgetUndo } from "./forget-undo.ts";
import { forgetDatabases } from "./put-back-databases.ts";
import { forgetExchanges } from "./settle-exchanges.ts";

/**
 * Drops what restores had replaced once it is kept long enough, by a clock that is to be believed. For housekeeping; a site
 * that is busy waits for the next time.
 */
export const forgetExpiredUndos =
  (deps: Installation) =>
  async ({ log }: { readonly log: Log }): Promise<void> => {
    for (const { id } of await deps.sites.list())
      try {
        if (await forgetExpired(deps, id, log))
          log.info("what a restore had replaced was dropped", { site: siteLabel(id) });
      } catch (error) {
        log.warn("what a restore had replaced could not be dropped", { site: siteLabel(id), error: messageOf(error) });
      }
  };

const forgetExpired = async (deps: Installation, site: SiteId, log: Log): Promise<boolean> => {
  const now = deps.clock.now().getTime();
  await forgetDatabases(deps, site, { log });
  const { run, undo } = await readSiteRow(deps.catalog, site);
  if (run !== undefined || undo === undefined || Date.parse(undo.until) > now || !(await isSteady(deps))) return false;
  const host = await deps.hosts.host(site);
  if ((await host.content()) === "missing") return false;
  const isForgotten = await forgetUndo(deps, site, { run: undo.run, host });
  await forgetExchanges(deps, { ref: { site }, host, log });
  return isForgotten;
};
