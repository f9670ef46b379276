import { describeSite, forgetSite, getDescription } from "../../operations/sites/describe-site.ts";
import type { Installation } from "../../operations/installation.ts";
import { siteDatabases } from "../../operations/databases/site-databases.ts";
import { queryOf } from "../call-values.ts";
import type { Route } from "../handle.ts";
import { empty, json } from "../response.ts";
import { page } from "../wire/page.ts";
import { siteDatabaseReply } from "../wire/site-databases.ts";
import { parseSiteDescription, siteDescriptionReply } from "../wire/site-description.ts";

/** Own extension: sites are described to the service, and forgotten, without a hand on its files. */
export const siteDescriptionRoutes = (deps: Installation): readonly Route[] => [
  {
    name: "getSiteDescription",
    method: "GET",
    path: "{site}/description",
    role: "reader",
    handle: async (call) => json(200, siteDescriptionReply(await getDescription(deps)(call, call.site()))),
  },
  {
    name: "describeSite",
    method: "PUT",
    path: "{site}/description",
    role: "admin",
    needsAllSites: true,
    async handle(call) {
      const description = parseSiteDescription(await call.body());
      call.note({ home: description.home ?? null, wwwroot: description.wwwroot ?? null });
      return json(201, siteDescriptionReply(await describeSite(deps)(call, call.site(), description)));
    },
  },
  {
    name: "forgetSite",
    method: "DELETE",
    path: "{site}/description",
    role: "admin",
    handle: async (call) => empty((await forgetSite(deps)(call, call.site())) ? 200 : 204),
  },
  {
    name: "listSiteDatabases",
    method: "GET",
    path: "{site}/databases",
    role: "operator",
    async handle(call) {
      const asks = (queryOf(call, "check") ?? "true").toLowerCase() !== "false";
      return json(200, page((await siteDatabases(deps)(call, call.site(), asks)).map(siteDatabaseReply)));
    },
  },
];
