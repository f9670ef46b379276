import type { Installation } from "../../operations/installation.ts";
import { planBackup } from "../../operations/backups/plan-backup.ts";
import { planRestore } from "../../operations/restores/plan-restore.ts";
import { backupInPath, limitOf, oneOf } from "../call-values.ts";
import type { Route, RouteCall } from "../handle.ts";
import { absoluteUrl } from "../long-running.ts";
import { pathInQuery, pathQueries } from "../path-query.ts";
import { json, type ApiResponse } from "../response.ts";
import { plannedBackup } from "../wire/planned-backup.ts";
import { plannedRestore } from "../wire/planned-restore.ts";
import { parseRestoreRequest } from "../wire/restore-request.ts";

/** Dry runs: what a backup or a restore would do, without doing it. */
export const planRoutes = (deps: Installation): readonly Route[] => [
  {
    name: "planRestore",
    method: "POST",
    path: "{site}/backups/{backupId}/restore/plan",
    role: "operator",
    reads: "plain",
    handle: (call) => restorePlan(deps, call),
  },
  {
    name: "planRestoreFromBackupBlob",
    method: "POST",
    path: "{site}/restoreFromBackupBlob/plan",
    role: "operator",
    reads: "plain",
    handle: (call) => restorePlan(deps, call),
  },
  {
    name: "planBackup",
    method: "GET",
    path: "{site}/backup/plan",
    role: "reader",
    async handle(call) {
      const [after] = pathQueries(call, "after", { keepSlashes: true });
      const show = oneOf(call, "show", ["all", "included", "excluded"]);
      const elsewhere = oneOf(call, "elsewhere", ["false", "true"]) === "true";
      const wish = { show, limit: limitOf(call), elsewhere, ...(after === undefined ? {} : { after }) };
      const plan = await planBackup(deps)(call, call.site(), wish);
      const here = call.request.url.pathname;
      const next =
        plan.next && `${here}?show=${show}&elsewhere=${elsewhere}&limit=${wish.limit}&after=${pathInQuery(plan.next)}`;
      return json(200, plannedBackup(plan, next === undefined ? null : absoluteUrl(call, next)));
    },
  },
];

const restorePlan = async (deps: Installation, call: RouteCall): Promise<ApiResponse> => {
  const restore = parseRestoreRequest(await call.body(), backupInPath(call));
  const wish = { restore, showAll: oneOf(call, "show", ["changes", "all"]) === "all", limit: limitOf(call) };
  return json(200, plannedRestore(await planRestore(deps)(call, call.site(), wish)));
};
