import type { Secret } from "../../domain/secret.ts";
import type { SiteId } from "../../domain/site.ts";
import { findSite } from "../../operations/find-site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { Route, RouteCall } from "../handle.ts";
import { json, type ApiResponse } from "../response.ts";
import { configurationResource } from "../wire/site.ts";

/** What PowerShell reads of a site before it restores one. The values are secrets: admins see them, others the names. */
export const siteConfigurationRoutes = (deps: Pick<Installation, "sites" | "hosts">): readonly Route[] => {
  const answer = async (
    call: RouteCall,
    name: string,
    propertiesOf: (site: SiteId) => object | Promise<object>,
  ): Promise<ApiResponse> => {
    const site = await findSite(deps, call.site());
    return json(200, configurationResource(site, name, await propertiesOf(site.id)));
  };
  const configurationOf = async (site: SiteId): Promise<SiteConfiguration> =>
    (await deps.hosts.host(site)).settings.read();
  const shown = (call: RouteCall, value: Secret): string => (call.isAdmin ? value.reveal() : "");
  return [
    {
      name: "getSiteConfiguration",
      method: "GET",
      path: "{site}/config/web",
      role: "reader",
      handle: (call) => answer(call, "web", () => ({ appSettings: null, connectionStrings: null })),
    },
    {
      name: "listApplicationSettings",
      method: "POST",
      path: "{site}/config/appsettings/list",
      role: "reader",
      reads: "secrets",
      handle: (call) =>
        answer(call, "appsettings", async (site) => {
          const { appSettings } = await configurationOf(site);
          return Object.fromEntries(Object.entries(appSettings).map(([name, value]) => [name, shown(call, value)]));
        }),
    },
    {
      name: "listConnectionStrings",
      method: "POST",
      path: "{site}/config/connectionstrings/list",
      role: "reader",
      reads: "secrets",
      handle: (call) =>
        answer(call, "connectionstrings", async (site) => {
          const { connectionStrings } = await configurationOf(site);
          return Object.fromEntries(
            Object.entries(connectionStrings).map(([name, { value, type }]) => [
              name,
              { value: shown(call, value), type },
            ]),
          );
        }),
    },
    {
      name: "listStorageAccounts",
      method: "POST",
      path: "{site}/config/azurestorageaccounts/list",
      role: "reader",
      reads: "plain",
      // Sites are directories here: none has a share mounted by the platform.
      handle: (call) => answer(call, "azurestorageaccounts", () => ({})),
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
