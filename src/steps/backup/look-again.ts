import { isRestorable, type Backup } from "../../domain/backup.ts";
import type { SiteId } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackups } from "../../operations/rows/backup-rows.ts";
import { removeFormers, removeOwn } from "./own-blobs.ts";

const lookedAtMs = 24 * 3_600_000;

/**
 * Looks once more at the names of backups that were cut short, for a day: a step that was under way then may have
 * written afterwards. Only what their own run wrote is removed; of one that ended well, what is staged still.
 */
export const lookAgain =
  (deps: Installation) =>
  async (site: SiteId): Promise<void> => {
    const after = deps.clock.now().getTime() - lookedAtMs;
    for (const backup of await readBackups(deps.catalog, site)) {
      const ends = [cutShort(backup), endOfFormer(backup), endedWell(backup)];
      const [own, former, staged] = ends.map((end) => Date.parse(end ?? "") >= after);
      if (backup.run === undefined || !(own || former || staged)) continue;
      const destination = await openContainer(deps, backup.destination);
      if (staged) await destination.abandonRun(backup.run);
      if (former) await removeFormers(destination, backup);
      if (own) await removeOwn(destination, backup, backup.run);
    }
  };

/** A run that was taken over from may write as long as its process lives, also when the backup ended well without it. */
const endOfFormer = ({ formerRuns, finished, removed }: Backup): string | undefined =>
  formerRuns === undefined ? undefined : (removed ?? finished);

/** Where nothing else forgets blocks that a step stages which was believed dead: a folder. */
const endedWell = ({ status, finished, destination }: Backup): string | undefined =>
  isRestorable(status) && destination.startsWith("file:") ? finished : undefined;

/** When; undefined for what came to its own end. */
const cutShort = ({ status, finished, removed }: Backup): string | undefined => {
  if (status === "Failed" || status === "TimedOut") return finished;
  return status === "Deleted" && finished === undefined ? removed : undefined;
};
