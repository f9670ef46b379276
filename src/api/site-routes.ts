import { reaches } from "../domain/caller.ts";
import type { Installation } from "../operations/installation.ts";
import { findSite } from "../operations/find-site.ts";
import { readSiteRow } from "../operations/rows/site-row.ts";
import type { Route } from "./handle.ts";
import { json } from "./response.ts";
import { page } from "./wire/backup-item.ts";
import { siteReply } from "./wire/site.ts";

/** The sites themselves: what there is to back up. */
export const siteRoutes = (deps: Pick<Installation, "sites" | "catalog">): readonly Route[] => [
  {
    name: "listSites",
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Web/sites",
    role: "reader",
    mindsReach: true,
    async handle(call) {
      const wanted = call.parameters["subscription"]?.toLowerCase();
      const sites = (await deps.sites.list()).filter(
        ({ id }) => id.slot === undefined && id.subscription.toLowerCase() === wanted && reaches(call.reach, id),
      );
      return json(200, page(sites.map((site) => siteReply(site))));
    },
  },
  {
    name: "getSite",
    method: "GET",
    path: "{site}",
    role: "reader",
    async handle(call) {
      const site = await findSite(deps, call.site());
      return json(200, siteReply(site, (await readSiteRow(deps.catalog, site.id)).run));
    },
  },
];
