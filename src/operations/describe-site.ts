import { refuse } from "../domain/errors.ts";
import { isSiteName, siteKey, siteLabel, siteWithSlot, type SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { NewSite, SiteDefinition, SiteDescription } from "../ports/sites.ts";
import { deleteBackupConfiguration } from "./backup-configuration.ts";
import { siteNotFound } from "./find-site.ts";
import type { Installation } from "./installation.ts";
import { readSiteRow, siteBusy } from "./rows/site-row.ts";
import { forgetWatch } from "./rows/watch-rows.ts";

export interface DescribedSite {
  readonly site: SiteDefinition;
  readonly description: SiteDescription;
}

/** Where a site's files lie. */
export const getDescription =
  (deps: Pick<Installation, "sites">) =>
  async (_call: Call, id: SiteId): Promise<DescribedSite> => {
    const site = await deps.sites.find(id);
    const description = await deps.sites.describedAs(id);
    if (site === undefined || description === undefined) throw siteNotFound(id);
    return { site, description };
  };

/** A site of directories that are there already. Nothing in them is changed. */
export const describeSite =
  (deps: Pick<Installation, "sites">) =>
  async (call: Call, id: SiteId, description: NewSite): Promise<DescribedSite> => {
    if (![id.name, id.slot ?? id.name].every(isSiteName))
      throw refuse("InvalidField", { field: "siteName", reason: "letters, digits and hyphens, at most 60." });
    const site = await deps.sites.describe(id, description);
    call.log.info("site described", { site: siteLabel(id), caller: call.caller });
    return { site, description };
  };

/**
 * Its files stay, and so do its backups, which are still listed and restored; what was scheduled ends. With an app its slots
 * are forgotten. False when it was not known.
 */
export const forgetSite =
  (deps: Installation) =>
  async (call: Call, id: SiteId): Promise<boolean> => {
    const wanted = siteKey(id);
    const isPart = (site: SiteId): boolean =>
      siteKey(site) === wanted || (id.slot === undefined && siteKey(siteWithSlot(site, undefined)) === wanted);
    const parts = (await deps.sites.list()).map((site) => site.id).filter(isPart);
    for (const part of parts) {
      const { run } = await readSiteRow(deps.catalog, part);
      if (run !== undefined) throw siteBusy(run);
    }
    // First, for it is of a site that is known.
    for (const part of parts) await deleteBackupConfiguration(deps)(call, part);
    // Begins anew where the site stays after all.
    for (const part of parts) await forgetWatch(deps.catalog, part);
    const isForgotten = await deps.sites.forget(id);
    if (isForgotten) call.log.info("site forgotten", { site: siteLabel(id), caller: call.caller });
    return isForgotten;
  };
