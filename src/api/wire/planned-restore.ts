import { pathText } from "../../domain/byte-path.ts";
import { siteLabel } from "../../domain/site.ts";
import type { PlannedRestore } from "../../operations/plan-restore.ts";

/** Own extension: what a restore would do, with the counts of all of it in front. */
export const plannedRestore = (plan: PlannedRestore) => ({
  properties: {
    siteName: siteLabel(plan.target),
    isNewSite: plan.isNew,
    blobName: plan.blob,
    counts: Object.fromEntries(
      Object.entries(plan.counts).map(([action, { entries, sizeBytes }]) => [
        action,
        { entries, sizeInBytes: sizeBytes },
      ]),
    ),
    problems: plan.problems,
    notes: plan.notes,
    more: plan.more,
  },
  value: plan.changes.map(({ path, kind, action, reason, sizeBytes }) => ({
    path: pathText(path),
    kind,
    action,
    reason,
    sizeBytes: kind === "file" ? sizeBytes : null,
  })),
  nextLink: null,
  id: null,
});
