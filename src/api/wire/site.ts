import { siteLabel, siteResourceId, siteType, type SiteId } from "../../domain/site.ts";
import type { OpenRun } from "../../operations/rows/site-row.ts";
import type { SiteDefinition } from "../../ports/sites.ts";

/** The envelope that a site and much of what belongs to it come in. */
export const siteEnvelope = (site: SiteDefinition) => ({
  id: siteResourceId(site.id),
  name: siteLabel(site.id),
  type: siteType(site.id),
  location: site.location,
});

/**
 * The whole site, as GET and the last poll of a restore answer it. `serverFarmId` is there because PowerShell takes its
 * last segment for the plan of a restore, and fails without one.
 */
export const siteReply = (site: SiteDefinition, openRun?: OpenRun) => ({
  ...siteEnvelope(site),
  kind: "app",
  properties: {
    name: nameWithSlot(site.id),
    state: "Running",
    enabled: true,
    hostNames: [],
    sku: site.tier,
    resourceGroup: site.id.resourceGroup,
    serverFarmId: `/subscriptions/${site.id.subscription}/resourceGroups/${site.id.resourceGroup}/providers/Microsoft.Web/serverfarms/local`,
    inProgressOperationId: openRun === undefined ? null : (openRun.operation ?? openRun.id),
  },
});

/** One of a site's collections of settings, by ARM's name for it. */
export const configurationResource = (site: SiteDefinition, name: string, properties: object) => ({
  id: `${siteResourceId(site.id)}/config/${name}`,
  name,
  type: `${siteType(site.id)}/config`,
  location: site.location,
  properties,
});

/** ARM writes a slot's own name `app(slot)`. */
const nameWithSlot = ({ name, slot }: SiteId): string => (slot === undefined ? name : `${name}(${slot})`);
