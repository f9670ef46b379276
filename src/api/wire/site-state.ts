import { zipName, type Backup } from "../../domain/backup.ts";
import type { SiteState } from "../../operations/site-states.ts";
import { siteEnvelope } from "./site.ts";

/** Own extension: a site with what runs on it and what there is to go back to. */
export const siteStateReply = ({ site, row, last, lastGood, restorable, configuration }: SiteState) => ({
  ...siteEnvelope(site),
  properties: {
    run:
      row.run === undefined
        ? null
        : {
            kind: row.run.kind,
            since: row.run.since,
            backup: row.run.backup ?? null,
            operation: row.run.operation ?? null,
          },
    restorableBackups: restorable,
    lastGood: lastGood === undefined ? null : backupState(lastGood),
    last: last === undefined ? null : backupState(last),
    isScheduled: configuration?.nextRun !== undefined,
    nextRun: configuration?.nextRun ?? null,
    undoUntil: row.undo?.until ?? null,
  },
});

const backupState = (backup: Backup) => ({
  id: backup.id,
  status: backup.status,
  created: backup.created,
  finished: backup.finished ?? null,
  sizeInBytes: backup.sizeBytes,
  blobName: zipName(backup.blobBase),
});
