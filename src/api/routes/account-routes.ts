import { reaches, reachesInto, type Reach } from "../../domain/caller.ts";
import { refuse } from "../../domain/errors.ts";
import type { SiteDefinition, Sites } from "../../ports/sites.ts";
import { tenant } from "../callers/access-tokens.ts";
import type { Route, RouteCall } from "../handle.ts";
import { json } from "../response.ts";
import { page } from "../wire/page.ts";
import { providerReply, subscriptionReply } from "../wire/account.ts";

/** What clients ask on their way to a site: which subscriptions there are, what can be in one, and what was deleted. */
export const accountRoutes = ({ sites }: { readonly sites: Sites }): readonly Route[] => [
  {
    name: "listSubscriptions",
    method: "GET",
    path: "/subscriptions",
    role: "reader",
    mindsReach: true,
    handle: async ({ reach }) => json(200, page(subscriptionsOf(await sites.list(), reach).map(subscriptionReply))),
  },
  {
    name: "getSubscription",
    method: "GET",
    path: "/subscriptions/{subscription}",
    role: "reader",
    mindsReach: true,
    async handle(call) {
      const wanted = subscriptionOf(call);
      const all = subscriptionsOf(await sites.list(), call.reach);
      const found = all.find((one) => one.toLowerCase() === wanted.toLowerCase());
      if (found === undefined) throw refuse("SubscriptionNotFound", { subscription: wanted });
      return json(200, subscriptionReply(found));
    },
  },
  {
    name: "listTenants",
    method: "GET",
    path: "/tenants",
    role: "reader",
    mindsReach: true,
    handle: async () => json(200, page([{ id: `/tenants/${tenant}`, tenantId: tenant, displayName: "Lifeboat" }])),
  },
  {
    name: "getProvider",
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Web",
    role: "reader",
    mindsReach: true,
    async handle(call) {
      const reached = (await sites.list()).filter(({ id }) => reaches(call.reach, id));
      const locations = new Set(reached.map(({ location }) => location));
      return json(200, providerReply(subscriptionOf(call), locations.size === 0 ? ["Local"] : [...locations]));
    },
  },
  // A site that is gone is restored from its backups; Lifeboat keeps no deleted sites beside them.
  {
    name: "listDeletedSites",
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Web/deletedSites",
    role: "reader",
    mindsReach: true,
    handle: async () => json(200, page([])),
  },
  {
    name: "listDeletedSitesByLocation",
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Web/locations/{location}/deletedSites",
    role: "reader",
    mindsReach: true,
    handle: async () => json(200, page([])),
  },
];

const subscriptionOf = (call: RouteCall): string => call.parameters["subscription"] ?? "";

/** Where a site lies that names none; clients refuse to log in where there is no subscription at all. */
const ownSubscription = "00000000-0000-0000-0000-000000000000";

const subscriptionsOf = (sites: readonly SiteDefinition[], reach: Reach): readonly string[] => {
  const found = new Map(sites.map(({ id: { subscription } }) => [subscription.toLowerCase(), subscription]));
  const all = found.size === 0 ? [ownSubscription] : [...found.values()];
  return all.filter((subscription) => reachesInto(reach, { subscription }));
};
