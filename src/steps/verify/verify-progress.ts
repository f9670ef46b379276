import type { Archive } from "../../archive/read/open-archive.ts";
import type { Installation } from "../../operations/installation.ts";
import { writeProgress } from "../../operations/rows/backup-rows.ts";
import type { VerifyRef } from "../../workflows/contract.ts";

/** News of a verify: how many entries have been checked. It owns no site, so nothing can take it away meanwhile. */
export const verifyProgress = (
  deps: Pick<Installation, "catalog" | "clock">,
  { site, run }: VerifyRef,
  { directory, byOffset }: Archive,
): ((checked: number) => Promise<void>) => {
  const bytesBefore = new Float64Array(byOffset.length + 1);
  byOffset.forEach((place, rank) => {
    bytesBefore[rank + 1] = (bytesBefore[rank] ?? 0) + directory.storedBytes(place);
  });
  return (checked) =>
    writeProgress(
      deps.catalog,
      site,
      { run, part: "verify" },
      {
        phase: "Verifying",
        files: checked,
        bytes: bytesBefore[checked] ?? 0,
        totalFiles: directory.length,
        totalBytes: bytesBefore[byOffset.length] ?? 0,
        beat: checked,
        updated: deps.clock.now().toISOString(),
      },
    );
};
