import { pathText } from "../../domain/byte-path.ts";
import type { BackupComparison, CompareWish } from "../../operations/archives/compare-backup.ts";
import { page } from "./page.ts";

/** Own extension: what differs, with the counts of all of it in front. */
export const comparedBackup = (
  { backup, with: other }: Pick<CompareWish, "backup" | "with">,
  { counts, changes, more }: BackupComparison,
) => ({
  properties: {
    backup,
    with: other,
    counts: Object.fromEntries(
      Object.entries(counts).map(([change, { entries, sizeBytes }]) => [change, { entries, sizeInBytes: sizeBytes }]),
    ),
    more,
  },
  ...page(
    changes.map(({ path, kind, change, sizeBytes }) => ({
      path: pathText(path),
      kind,
      change,
      sizeBytes: kind === "file" ? sizeBytes : null,
    })),
  ),
});
