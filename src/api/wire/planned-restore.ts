import { pathText } from "../../domain/byte-path.ts";
import { siteLabel } from "../../domain/site.ts";
import type { PlannedDatabase } from "../../operations/restores/plan-database-restore.ts";
import type { PlannedRestore } from "../../operations/restores/plan-restore.ts";
import { databaseCheckReply } from "./databases.ts";
import { page } from "./page.ts";

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
    databases: plan.databases.map(plannedDatabase),
    notes: plan.notes,
    more: plan.more,
  },
  ...page(
    plan.changes.map(({ path, kind, action, reason, sizeBytes }) => ({
      path: pathText(path),
      kind,
      action,
      reason,
      sizeBytes: kind === "file" ? sizeBytes : null,
    })),
  ),
});

const plannedDatabase = ({ wanted, target, check, problem }: PlannedDatabase) => ({
  databaseType: wanted.reference.type,
  name: wanted.reference.name,
  /** `replace`: what is there is kept for an undo. */
  action: problem !== undefined ? "none" : check?.content === "missing" ? "create" : "replace",
  target: target ?? null,
  dumpSizeInBytes: wanted.sizeBytes,
  ...databaseCheckReply(check),
  problem: problem ?? null,
});
