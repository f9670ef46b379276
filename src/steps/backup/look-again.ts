import type { Backup } from "../../domain/backup.ts";
import type { SiteId } from "../../domain/site.ts";
import { openContainer } from "../../operations/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackups } from "../../operations/rows/backup-rows.ts";
import { removeOwn } from "./own-blobs.ts";

const lookedAtMs = 24 * 3_600_000;

/**
 * Looks once more at the names of backups that were cut short, for a day: a step that was under way then may have
 * written afterwards. Only what their own run wrote is removed.
 */
export const lookAgain =
  (deps: Installation) =>
  async (site: SiteId): Promise<void> => {
    const after = deps.clock.now().getTime() - lookedAtMs;
    for (const { backup } of await readBackups(deps.catalog, site)) {
      const end = cutShort(backup);
      if (backup.run === undefined || end === undefined || Date.parse(end) < after) continue;
      await removeOwn(await openContainer(deps, backup.destination), backup, backup.run);
    }
  };

/** When; undefined for what came to its own end. */
const cutShort = ({ status, finished, removed }: Backup): string | undefined => {
  if (status === "Failed" || status === "TimedOut") return finished;
  return status === "Deleted" && finished === undefined ? removed : undefined;
};
