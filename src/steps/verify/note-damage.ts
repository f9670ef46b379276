import { shortenLog, type Backup } from "../../domain/backup.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackup, replaceBackup } from "../../operations/rows/backup-rows.ts";
import { sitePartition } from "../../operations/rows/keys.ts";
import type { Verification } from "../../operations/rows/operation-rows.ts";

/** A backup that was found damaged says so wherever it is listed: in its log, before everything else. */
export const noteDamage = async (
  deps: Pick<Installation, "catalog" | "clock">,
  { site, id }: Backup,
  { faultCount, faults }: Verification,
): Promise<void> => {
  const when = deps.clock.now().toISOString();
  const line = `Verified at ${when}: ${faultCount} faults. Do not rely on this backup. The first: ${faults[0]?.problem ?? ""}`;
  for (;;) {
    const found = await readBackup(deps.catalog, site, id);
    if (found === undefined) return;
    const log = shortenLog([line, ...(found.backup.log ?? "").split("\n")], "the operation's result");
    const change = replaceBackup({ ...found.backup, log: log.trimEnd() }, found.version);
    if (await deps.catalog.write(sitePartition(site), [change])) return;
  }
};
