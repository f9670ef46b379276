import { reaches } from "../../domain/caller.ts";
import type { Installation } from "../../operations/installation.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import { findSite } from "../../operations/find-site.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import type { Route, RouteCall } from "../handle.ts";
import { paged } from "../paged.ts";
import { json, type ApiResponse } from "../response.ts";
import { siteReply } from "../wire/site.ts";

/** The sites themselves: what there is to back up. */
export const siteRoutes = (deps: Pick<Installation, "sites" | "catalog">): readonly Route[] => [
  {
    name: "listSites",
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Web/sites",
    role: "reader",
    mindsReach: true,
    handle: (call) =>
      listed(deps, call, ({ slot, subscription }) => slot === undefined && isSame(call, { subscription })),
  },
  {
    name: "listSitesByResourceGroup",
    method: "GET",
    path: "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites",
    role: "reader",
    mindsReach: true,
    handle: (call) =>
      listed(
        deps,
        call,
        ({ slot, subscription, resourceGroup }) => slot === undefined && isSame(call, { subscription, resourceGroup }),
      ),
  },
  {
    name: "listSlots",
    method: "GET",
    path: "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites/{siteName}/slots",
    role: "reader",
    async handle(call) {
      const app = await findSite(deps, call.site());
      return listed(deps, call, ({ slot, ...id }) => slot !== undefined && siteKey(id) === siteKey(app.id));
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

/** Those within the caller's reach. */
const listed = async (
  { sites }: Pick<Installation, "sites">,
  call: RouteCall,
  isWanted: (id: SiteId) => boolean,
): Promise<ApiResponse> => {
  const found = (await sites.list()).filter(({ id }) => isWanted(id) && reaches(call.reach, id));
  const keyed = found.map((site) => ({ site, key: siteKey(site.id) }));
  const all = keyed.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  return paged(call, { all, keyOf: ({ key }) => key, show: ({ site }) => siteReply(site) });
};

const isSame = (call: RouteCall, values: Readonly<Record<string, string>>): boolean =>
  Object.entries(values).every(([name, value]) => call.parameters[name]?.toLowerCase() === value.toLowerCase());
