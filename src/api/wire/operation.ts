import type { OperationResult } from "../../operations/operation-results.ts";
import type { Progress } from "../../operations/rows/backup-rows.ts";
import { siteResourceId } from "../../domain/site.ts";
import { progressProperties } from "./progress.ts";

/** Own extension: an operation with its kind, its log and how far it is. */
export const operationReply = ({
  site,
  operation,
  progress,
}: OperationResult & { readonly progress: Progress | undefined }) => ({
  id: `${siteResourceId(site.id)}/operations/${operation.id}`,
  name: operation.id,
  type: "Microsoft.Web/sites/operations",
  properties: {
    kind: operation.kind,
    status: operation.status,
    created: operation.created,
    finished: operation.finished ?? null,
    log: operation.log ?? null,
    backup: operation.backup ?? operation.request?.backup ?? null,
    blobName: operation.request?.blob ?? null,
    progress: operation.status === "InProgress" ? progressProperties(operation.created, progress) : null,
  },
});
