import { siteKey, siteLabel, siteWithSlot, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { NewSite, SiteDefinition, SiteDescription } from "../../ports/sites.ts";
import { checkNewName, siteNotFound } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { changeConfiguration, configurationPages, readConfigurationRow } from "../rows/schedule-rows.ts";
import { readSiteRow, siteBusy } from "../rows/site-row.ts";
import { forgetWatch, readWatches } from "../rows/watch-rows.ts";

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
    checkNewName(id);
    const site = await deps.sites.describe(id, description);
    call.log.info("site described", { site: siteLabel(id), caller: call.caller });
    return { site, description };
  };

/**
 * Its files stay, and so do its backups, which are still listed and restored; what was scheduled ends, and so do alarms and
 * figures of it, also where its file was removed by hand. With an app its slots are forgotten. False when nothing was known.
 */
export const forgetSite =
  (deps: Installation) =>
  async (call: Call, id: SiteId): Promise<boolean> => {
    const parts = await partsOf(deps, id);
    for (const part of parts) {
      const { run } = await readSiteRow(deps.catalog, part);
      if (run !== undefined) throw siteBusy(run);
      // Throws before anything is changed where it cannot be understood.
      await readConfigurationRow(deps.catalog, part);
    }
    // First: a site that cannot be forgotten keeps its schedule. Where this ends behind it, doing it again goes on.
    const wasKnown = await deps.sites.forget(id);
    for (const part of parts) {
      await changeConfiguration(deps.catalog, part, () => "none");
      await forgetWatch(deps.catalog, part);
    }
    const isForgotten = wasKnown || parts.length > 0;
    if (isForgotten) call.log.info("site forgotten", { site: siteLabel(id), caller: call.caller });
    return isForgotten;
  };

/** The site and, of an app, its slots: those that are there, and those that left a schedule or a watch. */
const partsOf = async ({ sites, catalog }: Installation, id: SiteId): Promise<readonly SiteId[]> => {
  const found = [
    ...(await sites.list()).map((site) => site.id),
    ...(await readWatches(catalog)).map(({ site }) => site),
  ];
  for await (const page of configurationPages(catalog, (site) => found.push(site)))
    found.push(...page.map(({ site }) => site));
  const wanted = siteKey(id);
  const isPart = (site: SiteId): boolean =>
    siteKey(site) === wanted || (id.slot === undefined && siteKey(siteWithSlot(site, undefined)) === wanted);
  return [...new Map(found.filter(isPart).map((site) => [siteKey(site), site])).values()];
};
