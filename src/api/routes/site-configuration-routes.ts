import type { Secret } from "../../domain/secret.ts";
import { findSite } from "../../operations/find-site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { Route, RouteCall } from "../handle.ts";
import { json, type ApiResponse } from "../response.ts";
import { configurationResource } from "../wire/site.ts";

/** What PowerShell reads of a site before it restores one. The values are secrets: admins see them, others the names. */
export const siteConfigurationRoutes = (deps: Pick<Installation, "sites" | "hosts">): readonly Route[] => {
  const answer = async (call: RouteCall, name: string, properties: object): Promise<ApiResponse> =>
    json(200, configurationResource(await findSite(deps, call.site()), name, properties));
  const configurationOf = async (call: RouteCall): Promise<SiteConfiguration> => {
    const site = await findSite(deps, call.site());
    return (await deps.hosts.host(site.id)).settings.read();
  };
  const shown = (call: RouteCall, value: Secret): string => (call.isAdmin ? value.reveal() : "");
  return [
    {
      name: "getSiteConfiguration",
      method: "GET",
      path: "{site}/config/web",
      role: "reader",
      handle: (call) => answer(call, "web", { appSettings: null, connectionStrings: null }),
    },
    {
      name: "listApplicationSettings",
      method: "POST",
      path: "{site}/config/appsettings/list",
      role: "reader",
      reads: "secrets",
      async handle(call) {
        const { appSettings } = await configurationOf(call);
        const entries = Object.entries(appSettings).map(([name, value]) => [name, shown(call, value)]);
        return answer(call, "appsettings", Object.fromEntries(entries));
      },
    },
    {
      name: "listConnectionStrings",
      method: "POST",
      path: "{site}/config/connectionstrings/list",
      role: "reader",
      reads: "secrets",
      async handle(call) {
        const { connectionStrings } = await configurationOf(call);
        const entries = Object.entries(connectionStrings).map(([name, { value, type }]) => [
          name,
          { value: shown(call, value), type },
        ]);
        return answer(call, "connectionstrings", Object.fromEntries(entries));
      },
    },
    {
      name: "listStorageAccounts",
      method: "POST",
      path: "{site}/config/azurestorageaccounts/list",
      role: "reader",
      reads: "plain",
      // Sites are directories here: none has a share mounted by the platform.
      handle: (call) => answer(call, "azurestorageaccounts", {}),
    },
    {
      name: "listPublishingProfiles",
      method: "POST",
      path: "{site}/publishxml",
      role: "reader",
      reads: "plain",
      async handle(call) {
        await findSite(deps, call.site());
        return { status: 200, headers: { "content-type": "application/xml" }, body: noProfile };
      },
    },
  ];
};

/** az reads the profiles of a site to show it, and expects at least one. */
const noProfile =
  '<publishData><publishProfile profileName="Lifeboat" publishMethod="None" publishUrl="" /></publishData>';
