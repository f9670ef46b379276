import { pathText } from "../../domain/byte-path.ts";
import type { PlannedBackup, PlannedEntry } from "../../operations/backups/plan-backup.ts";
import { page } from "./page.ts";

/** Beyond this only the count is told; all of them stand in the log of a backup that is made. */
const mostUnreadable = 1_000;

/** Own extension: what a backup would hold and leave out, as a page with a summary in front. */
export const plannedBackup = (plan: PlannedBackup, nextLink: string | null) => ({
  properties: {
    files: plan.files,
    sizeInBytes: plan.sizeBytes,
    filter: plan.lines.map(({ line, entries, sizeBytes }) => ({
      line: line.number,
      text: line.text,
      entries,
      sizeInBytes: sizeBytes,
    })),
    unreadableCount: plan.unreadable.length,
    unreadable: plan.unreadable.slice(0, mostUnreadable).map(({ path, reason }) => ({ path: pathText(path), reason })),
    problems: plan.problems,
    warnings: plan.warnings,
    databases: plan.databases.map(({ type, name, connectionStringName }) => ({
      databaseType: type,
      name,
      connectionStringName: connectionStringName ?? null,
    })),
  },
  ...page(plan.entries.map(plannedEntry), nextLink),
});

const plannedEntry = ({ entry, line }: PlannedEntry) => ({
  path: pathText(entry.path),
  kind: entry.kind,
  sizeBytes: entry.kind === "file" ? entry.sizeBytes : null,
  included: line === undefined,
  line: line?.number ?? null,
});
