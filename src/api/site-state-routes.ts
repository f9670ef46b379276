import { reaches } from "../domain/caller.ts";
import type { Installation } from "../operations/installation.ts";
import { siteStates } from "../operations/site-states.ts";
import { queryOf, type Route } from "./handle.ts";
import { json } from "./response.ts";
import { page } from "./wire/backup-item.ts";
import { siteStateReply } from "./wire/site-state.ts";

/** Own extension: all sites of the installation that the caller reaches, and how they stand. */
export const siteStateRoutes = (deps: Pick<Installation, "sites" | "catalog">): readonly Route[] => [
  {
    name: "listSiteStates",
    method: "GET",
    path: "/providers/Lifeboat/sites",
    role: "reader",
    mindsReach: true,
    async handle(call) {
      const name = queryOf(call, "name")?.toLowerCase();
      const isWanted = (site: string): boolean => name === undefined || site.toLowerCase() === name;
      const states = await siteStates(deps, (id) => isWanted(id.name) && reaches(call.reach, id));
      return json(200, page(states.map(siteStateReply)));
    },
  },
];
