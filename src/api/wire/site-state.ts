import { zipName, type Backup } from "../../domain/backup.ts";
import type { SiteState, UnknownState } from "../../operations/sites/site-states.ts";
import { siteEnvelope } from "./site.ts";

/** Own extension: a site with what runs on it and what there is to go back to. */
export const siteStateReply = (state: SiteState | UnknownState) => ({
  ...siteEnvelope(state.site),
  properties: "problem" in state ? { ...nothing, problem: state.problem } : propertiesOf(state),
});

const nothing = {
  run: null,
  restorableBackups: 0,
  lastGood: null,
  last: null,
  isScheduled: false,
  nextRun: null,
  undoUntil: null,
  undoOperation: null,
};

const propertiesOf = ({ row, last, lastGood, restorable, configuration }: SiteState) => ({
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
  undoOperation: row.undo?.operation ?? null,
  problem: null,
});

const backupState = (backup: Backup) => ({
  id: backup.id,
  status: backup.status,
  created: backup.created,
  finished: backup.finished ?? null,
  sizeInBytes: backup.sizeBytes,
  blobName: zipName(backup.blobBase),
});
