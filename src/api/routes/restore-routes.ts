import { refuse } from "../../domain/errors.ts";
import { siteResourceId } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { cancelOperation } from "../../operations/restores/cancel-operation.ts";
import { getOperation, getOperationProgress } from "../../operations/restores/operation-results.ts";
import { restoreSite } from "../../operations/restores/restore-site.ts";
import { undoRestore } from "../../operations/restores/undo-restore.ts";
import { verifyBackup } from "../../operations/backups/verify-backup.ts";
import { backupIdOf, backupInPath, operationIdOf } from "../call-values.ts";
import type { Route, RouteCall } from "../handle.ts";
import { accepted, started } from "../long-running.ts";
import { json, type ApiResponse } from "../response.ts";
import { operationReply, verificationReply } from "../wire/operation.ts";
import { properties } from "../wire/lenient-json.ts";
import { parseRestoreRequest } from "../wire/restore-request.ts";
import { siteReply } from "../wire/site.ts";

/** What takes its time and is polled: restores, their undoing, verifies; and what became of them. */
export const restoreRoutes = (deps: Installation): readonly Route[] => {
  const restore = async (call: RouteCall): Promise<ApiResponse> => {
    const wish = parseRestoreRequest(await call.body(), backupInPath(call));
    const { site, operation } = await restoreSite(deps)(call, call.site(), wish);
    const { request } = operation;
    call.note({
      operation: operation.id,
      target: siteResourceId(site.id),
      ...(request === undefined
        ? {}
        : { destination: request.destination, blob: request.blob, overwrite: request.overwrite }),
    });
    return started(call, site, operation);
  };
  return [
    {
      name: "restoreBackup",
      method: "POST",
      path: "{site}/backups/{backupId}/restore",
      role: "operator",
      handle: restore,
    },
    {
      name: "restoreFromBackupBlob",
      method: "POST",
      path: "{site}/restoreFromBackupBlob",
      role: "operator",
      handle: restore,
    },
    {
      name: "undoRestore",
      method: "POST",
      path: "{site}/undo",
      role: "operator",
      async handle(call) {
        const { site, operation } = await undoRestore(deps)(call, call.site());
        call.note({ operation: operation.id });
        return accepted(call, site, operation);
      },
    },
    {
      name: "verifyBackup",
      method: "POST",
      path: "{site}/backups/{backupId}/verify",
      role: "operator",
      async handle(call) {
        const quick = properties(await call.body()).flag("quick") ?? false;
        const { site, operation } = await verifyBackup(deps)(call, call.site(), { backup: backupIdOf(call), quick });
        call.note({ operation: operation.id });
        return accepted(call, site, operation);
      },
    },
    {
      name: "getOperationResult",
      method: "GET",
      path: "{site}/operationresults/{operationId}",
      role: "reader",
      handle: (call) => operationResult(deps, call),
    },
    {
      name: "getOperation",
      method: "GET",
      path: "{site}/operations/{operationId}",
      role: "reader",
      async handle(call) {
        return json(200, operationReply(await getOperationProgress(deps)(call, call.site(), operationIdOf(call))));
      },
    },
    {
      name: "cancelOperation",
      method: "DELETE",
      path: "{site}/operations/{operationId}",
      role: "operator",
      async handle(call) {
        await cancelOperation(deps)(call, call.site(), operationIdOf(call));
        return json(200, operationReply(await getOperationProgress(deps)(call, call.site(), operationIdOf(call))));
      },
    },
  ];
};

/** What clients poll: 202 while it runs, then 200 with the site; a failure is 4xx, for 200 would read as success. */
const operationResult = async (deps: Installation, call: RouteCall): Promise<ApiResponse> => {
  const found = await getOperation(deps)(call, call.site(), operationIdOf(call));
  const { site, operation } = found;
  if (operation.status === "InProgress") return accepted(call, site, operation);
  if (operation.status === "Failed")
    // The reason stands first; all of the log is what `getOperation` tells.
    throw refuse("RestoreFailed", { reason: (operation.log ?? `The ${operation.kind} failed.`).slice(0, 2_000) });
  return json(200, operation.kind === "verify" ? verificationReply(found) : siteReply(site));
};
