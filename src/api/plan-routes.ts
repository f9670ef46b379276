import { refuse } from "../domain/errors.ts";
import type { Installation } from "../operations/installation.ts";
import { planBackup, type PlanBackupWish } from "../operations/plan-backup.ts";
import { queryOf, type Route, type RouteCall } from "./handle.ts";
import { absoluteUrl } from "./long-running.ts";
import { limitOf } from "./page-limit.ts";
import { pathInQuery, pathQueries } from "./path-query.ts";
import { json } from "./response.ts";
import { plannedBackup } from "./wire/planned-backup.ts";

/** Dry runs: what a backup or a restore would do, without doing it. */
export const planRoutes = (deps: Installation): readonly Route[] => [
  {
    name: "planBackup",
    method: "GET",
    path: "{site}/backup/plan",
    role: "reader",
    async handle(call) {
      const [after] = pathQueries(call, "after", { keepSlashes: true });
      const show = shownOf(call);
      const wish = { show, limit: limitOf(call), ...(after === undefined ? {} : { after }) };
      const plan = await planBackup(deps)(call, call.site(), wish);
      const here = call.request.url.pathname;
      const next = plan.next && `${here}?show=${show}&limit=${wish.limit}&after=${pathInQuery(plan.next)}`;
      return json(200, plannedBackup(plan, next === undefined ? null : absoluteUrl(call, next)));
    },
  },
];

const shownOf = (call: RouteCall): PlanBackupWish["show"] => {
  const text = (queryOf(call, "show") ?? "all").toLowerCase();
  if (text === "all" || text === "included" || text === "excluded") return text;
  throw refuse("InvalidField", { field: "show", reason: `"${text}" is none of all, included, excluded.` });
};
