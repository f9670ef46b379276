import type { OperationResult } from "../../operations/restores/operation-results.ts";
import type { Progress } from "../../operations/rows/backup-rows.ts";
import type { Verification } from "../../operations/rows/operation-rows.ts";
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
    cancelled: operation.cancelled ?? null,
    half: operation.half ?? false,
    log: operation.log ?? null,
    backup: operation.backup ?? operation.request?.backup ?? null,
    blobName: operation.request?.blob ?? null,
    verification: operation.verification === undefined ? null : verificationProperties(operation.verification),
    progress: operation.status === "InProgress" ? progressProperties(operation.created, progress) : null,
  },
});

/** Own extension: what a verify found. Damage is a result, not a failure: the answer is 200 and `ok` is false. */
export const verificationReply = ({ site, operation }: OperationResult) => ({
  id: `${siteResourceId(site.id)}/operations/${operation.id}`,
  name: operation.id,
  type: "Microsoft.Web/sites/operations",
  properties: {
    backup: operation.backup ?? null,
    finished: operation.finished ?? null,
    ...(operation.verification === undefined ? {} : verificationProperties(operation.verification)),
  },
});

const verificationProperties = (found: Verification) => ({
  ok: found.faultCount === 0,
  quick: found.quick,
  checkedEntries: found.checked,
  entries: found.entries,
  sizeInBytes: found.sizeBytes,
  damagedCount: found.faultCount,
  damaged: found.faults.map(({ path, code, problem }) => ({ path: path ?? null, code, problem })),
});
