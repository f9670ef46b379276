import { zipName, type Backup } from "../../domain/backup.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackup, replaceBackup } from "../../operations/rows/backup-rows.ts";
import { changeSite } from "../../operations/rows/site-row.ts";
import type { Upload } from "../../ports/destination.ts";
import type { BackupRef } from "../../workflows/contract.ts";
import { isOwner } from "../owns-site.ts";

/** The backup a run works for. Its row is never removed, so that it is not there is a fault of ours. */
export const backupOf = async (deps: Pick<Installation, "catalog">, ref: BackupRef): Promise<Backup> => {
  const row = await readBackup(deps.catalog, ref.site, ref.backup);
  if (row === undefined) throw new Error(`The catalog has no backup ${ref.backup} of ${ref.site.name}.`);
  return row.backup;
};

export const uploadOf = (backup: Backup, run: string): Upload => ({ name: zipName(backup.blobBase), run });

/** Metadata of every blob that a run writes: whose it is. */
export const blobMetadata = (ref: BackupRef, commitId: string): Readonly<Record<string, string>> => ({
  commitid: commitId,
  run: ref.run,
  backup: String(ref.backup),
});

/** Changes the backup while its run owns the site. False, and nothing is changed, when it does not any more. */
export const changeBackup = (
  deps: Pick<Installation, "catalog">,
  ref: BackupRef,
  change: (backup: Backup) => Backup,
): Promise<boolean> =>
  changeSite(deps.catalog, ref.site, async (row) => {
    const found = await readBackup(deps.catalog, ref.site, ref.backup);
    if (found === undefined || !isOwner(ref, row)) return { row, result: false };
    return { row, also: [replaceBackup(change(found.backup), found.version)], result: true };
  });
