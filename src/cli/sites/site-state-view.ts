import type { Answer } from "../service/answer.ts";

/** How a site stands; also the JSON of `lifeboat status`. */
export interface SiteStateView {
  readonly site: string;
  readonly id: string;
  /** `damaged`: so were found all that could be restored. */
  readonly state: "ok" | "running" | "failing" | "partial" | "damaged" | "no backup" | "unreadable";
  readonly running: { readonly kind: string; readonly since: string; readonly backup: number | null } | null;
  readonly restorableBackups: number;
  readonly lastGood: BackupState | null;
  readonly last: BackupState | null;
  readonly isScheduled: boolean;
  readonly next: string | null;
  readonly undoUntil: string | null;
  /** Why nothing is known of it. */
  readonly problem: string | null;
}

interface BackupState {
  readonly id: number;
  readonly status: string;
  readonly created: string;
  readonly finished: string | null;
  readonly sizeBytes: number;
}

export const siteStateView = (item: Answer): SiteStateView => {
  const properties = item.object("properties");
  const run = properties.optional("run");
  const last = backupState(properties.optional("last"));
  const lastGood = backupState(properties.optional("lastGood"));
  const restorableBackups = properties.number("restorableBackups");
  const problem = properties.textOr("problem", null);
  return {
    site: item.text("name"),
    id: item.text("id"),
    state: problem !== null ? "unreadable" : stateOf(run !== undefined, { last, lastGood, restorableBackups }),
    running:
      run === undefined
        ? null
        : { kind: run.text("kind"), since: run.text("since"), backup: run.numberOr("backup", null) },
    restorableBackups,
    lastGood,
    last,
    isScheduled: properties.flag("isScheduled"),
    next: properties.textOr("nextRun", null),
    undoUntil: properties.textOr("undoUntil", null),
    problem,
  };
};

const backupState = (backup: Answer | undefined): BackupState | null =>
  backup === undefined
    ? null
    : {
        id: backup.number("id"),
        status: backup.text("status"),
        created: backup.text("created"),
        finished: backup.textOr("finished", null),
        sizeBytes: backup.number("sizeInBytes"),
      };

const stateOf = (
  isRunning: boolean,
  { last, lastGood, restorableBackups }: Pick<SiteStateView, "last" | "lastGood" | "restorableBackups">,
): SiteStateView["state"] => {
  if (isRunning) return "running";
  if (last !== null && ["Failed", "TimedOut", "Skipped", "DeleteFailed"].includes(last.status)) return "failing";
  if (lastGood === null) return restorableBackups > 0 ? "damaged" : "no backup";
  return last?.status === "PartiallySucceeded" ? "partial" : "ok";
};
