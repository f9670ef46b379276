import { reaches } from "../../domain/caller.ts";
import { checkInstallation } from "../../operations/checks/check-installation.ts";
import type { Installation } from "../../operations/installation.ts";
import { siteStates } from "../../operations/sites/site-states.ts";
import { queryOf } from "../call-values.ts";
import type { Route } from "../handle.ts";
import { json } from "../response.ts";
import { checksReply } from "../wire/checks.ts";
import { page } from "../wire/page.ts";
import { siteStateReply } from "../wire/site-state.ts";

/** Own extension: how the installation stands, and all sites of it that the caller reaches. */
export const installationRoutes = (deps: Installation): readonly Route[] => [
  {
    name: "listSiteStates",
    method: "GET",
    path: "/providers/Lifeboat/sites",
    role: "reader",
    mindsReach: true,
    async handle(call) {
      const name = queryOf(call, "name")?.toLowerCase();
      const isWanted = (site: string): boolean => name === undefined || site.toLowerCase() === name;
      const states = await siteStates(deps, call, (id) => isWanted(id.name) && reaches(call.reach, id));
      return json(200, page(states.map(siteStateReply)));
    },
  },
  {
    name: "checkInstallation",
    method: "GET",
    path: "/providers/Lifeboat/checks",
    role: "admin",
    async handle() {
      return json(200, checksReply(deps, await checkInstallation(deps)));
    },
  },
];
