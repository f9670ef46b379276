import { endedBackupOf } from "../../domain/alarm.ts";
import type { Backup } from "../../domain/backup.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { endedRestoreOf, readKnownOperations } from "../rows/operation-rows.ts";
import { markRestore, markSite } from "../rows/mark-rows.ts";

type Needs = Pick<Installation, "catalog">;

/** Says what became of a restore or undo, by its run; nothing while it has not ended. Said again it is no news. */
export const tellEndedRestore = async ({ catalog }: Needs, site: SiteId, run: string): Promise<void> => {
  const found = (await readKnownOperations(catalog, site)).find(({ operation }) => operation.run === run);
  const ended = found && endedRestoreOf(found.operation);
  if (ended !== undefined) await markRestore(catalog, site, ended);
};

/** As above, of a backup. */
export const tellEndedBackup = async ({ catalog }: Needs, backup: Backup): Promise<void> => {
  const ended = endedBackupOf(backup);
  if (ended !== undefined) await markSite(catalog, backup.site, ended);
};

/** Both: for a run of which only the name is known. */
export const tellEnded = async (deps: Needs, site: SiteId, run: string): Promise<void> => {
  await tellEndedRestore(deps, site, run);
  const found = (await readBackups(deps.catalog, site)).find((backup) => backup.run === run);
  if (found !== undefined) await tellEndedBackup(deps, found);
};
