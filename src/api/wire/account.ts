import { tenant } from "../callers/access-tokens.ts";

export const subscriptionReply = (subscription: string) => ({
  id: `/subscriptions/${subscription}`,
  subscriptionId: subscription,
  tenantId: tenant,
  displayName: "Lifeboat",
  state: "Enabled",
  subscriptionPolicies: { locationPlacementId: "Public_2014-09-01", quotaId: "Lifeboat", spendingLimit: "Off" },
  authorizationSource: "RoleBased",
});

const resourceTypes = ["sites", "sites/slots", "deletedSites", "locations/deletedSites"];

/** `az webapp deleted list` asks each location of the type deletedSites. */
export const providerReply = (subscription: string, locations: readonly string[]) => ({
  id: `/subscriptions/${subscription}/providers/Microsoft.Web`,
  namespace: "Microsoft.Web",
  registrationState: "Registered",
  resourceTypes: resourceTypes.map((resourceType) => ({
    resourceType,
    locations,
    apiVersions: ["2025-05-01", "2022-03-01", "2018-02-01", "2016-08-01", "2015-08-01"],
  })),
});
