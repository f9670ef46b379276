import type { Backup } from "./backup.ts";
import type { Secret } from "./secret.ts";
import { siteKey, siteLabel, type SiteId } from "./site.ts";

/**
 * What people are told of by themselves. `succeeded` goes only where a sign of life is wanted after every good backup,
 * `recovered` ends `failed`, `partial` and `missing`.
 */
export const alarmKinds = [
  "failed",
  "partial",
  "missing",
  "recovered",
  "succeeded",
  "restore-failed",
  "restore-put-back",
  "digest",
  "test",
] as const;
type AlarmKind = (typeof alarmKinds)[number];

export interface Alarm {
  /** The same for the same cause, however often it is sent: a receiver may drop what it has seen. */
  readonly id: string;
  readonly kind: AlarmKind;
  readonly time: string;
  /** Absent where it is about the installation. */
  readonly site?: SiteId;
  readonly backup?: EndedBackup;
  readonly restore?: EndedRestore;
  /** One line. */
  readonly title: string;
  /** What a person needs to know besides; may be empty. */
  readonly text: string;
}

export const endStatuses = ["Succeeded", "PartiallySucceeded", "Failed", "TimedOut", "Skipped"] as const;
type EndStatus = (typeof endStatuses)[number];

/** A backup that came to its end, as alarms tell of it. */
export interface EndedBackup {
  readonly id: number;
  readonly name: string;
  readonly status: EndStatus;
  readonly scheduled: boolean;
  readonly finished: string;
  readonly seconds: number;
  readonly bytes: number;
  /** What the site serves was gone, as `served` of a backup tells. */
  readonly emptied?: boolean;
  /** The beginning of its log. */
  readonly log?: string;
}

/** A restore or undo that came to its end, as alarms tell of it. */
export interface EndedRestore {
  /** Of its operation. */
  readonly id: string;
  readonly kind: "restore" | "undo";
  readonly status: "Succeeded" | "Failed";
  readonly finished: string;
  /** Of a restore: the zip. */
  readonly blob?: string;
  /** Nobody asked for it: it puts back what a restore had begun that was given up. */
  readonly settles: boolean;
  /** Whoever asked for it took it back. */
  readonly cancelled: boolean;
  /** Its run came to its own end; false where that was given up in the middle. */
  readonly closed: boolean;
  /** Something of what it exchanged is in the site. */
  readonly half: boolean;
  /** It stopped the site, and could not start it. */
  readonly down: boolean;
  /** The beginning of its log. */
  readonly log?: string;
}

export const shownLogLength = 2_000;

/** What alarms tell of a backup; undefined while it has not ended. */
export const endedBackupOf = (backup: Backup): EndedBackup | undefined => {
  const { id, name, scheduled, sizeBytes, served, log } = backup;
  const status = endStatuses.find((end) => end === backup.status);
  if (status === undefined) return undefined;
  const finished = backup.finished ?? backup.created;
  return {
    id,
    name,
    status,
    scheduled,
    finished,
    seconds: (Date.parse(finished) - Date.parse(backup.started ?? finished)) / 1000,
    bytes: sizeBytes,
    ...(served === "gone" ? { emptied: true } : {}),
    ...(log === undefined || log === "" ? {} : { log: log.slice(0, shownLogLength) }),
  };
};

/** One id per kind, site and cause; it is part of a catalog key. */
export const alarmId = (kind: AlarmKind, site: SiteId | undefined, cause: string): string =>
  [kind, site === undefined ? "installation" : siteKey(site), cause].join("!");

/** Where an alarm goes. Addresses may hold tokens, so they are secrets. */
export type Channel =
  | { readonly kind: "webhook"; readonly url: Secret; readonly form: WebhookForm; readonly secret?: Secret }
  | { readonly kind: "mail"; readonly to: readonly string[] }
  | { readonly kind: "ping"; readonly url: Secret };

export const isMailAddress = (text: string): boolean => /^[^\s@,]+@[^\s@,]+$/.test(text);

export const webhookForms = ["cloudevents", "slack", "teams"] as const;
export type WebhookForm = (typeof webhookForms)[number];

/** A heartbeat is told of good backups and nothing else: its silence is the alarm. */
export const isFor = (channel: Channel["kind"], kind: AlarmKind): boolean =>
  channel === "ping" ? kind === "succeeded" || kind === "test" : kind !== "succeeded";

export const backupAlarm = (
  kind: "failed" | "partial" | "recovered" | "succeeded",
  site: SiteId,
  backup: EndedBackup,
): Alarm => ({
  id: alarmId(kind, site, String(backup.id)),
  kind,
  time: backup.finished,
  site,
  backup,
  title: titles[kind](siteLabel(site), backup),
  text: backup.log ?? "",
});

const titles = {
  failed: (site: string, { id, name, status }: EndedBackup) =>
    `${site}: backup ${id} (${name}) ${status === "TimedOut" ? "did not end in time" : "failed"}`,
  partial: (site: string, { id, name, emptied }: EndedBackup) =>
    `${site}: backup ${id} (${name}) ${emptied ? "found nothing in site/wwwroot any more" : "left files out"}`,
  recovered: (site: string, { id, name }: EndedBackup) => `${site}: backups are good again (${id}, ${name})`,
  succeeded: (site: string, { id, name }: EndedBackup) => `${site}: backup ${id} (${name}) succeeded`,
};

/** All of a site's backups that could be restored were found damaged; this is the newest of them. */
export interface DamagedBackup {
  readonly id: number;
  readonly name: string;
  /** When it was found so. */
  readonly found: string;
}

interface MissingFacts {
  readonly now: Date;
  /** By when its schedule should have brought one. */
  readonly deadline: Date | undefined;
  readonly newestGood?: string;
  readonly damaged?: DamagedBackup;
}

export const missingAlarm = (site: SiteId, { now, deadline, newestGood, damaged }: MissingFacts): Alarm => {
  const hour = now.toISOString().slice(0, 13);
  const facts = { kind: "missing", time: now.toISOString(), site } as const;
  if (damaged !== undefined)
    return {
      ...facts,
      id: alarmId("missing", site, `damaged-${hour}`),
      title: `${siteLabel(site)}: no good backup: ${damaged.id} (${damaged.name}) was found damaged`,
      text: `That was found at ${damaged.found}, and there is no other that could be restored whole. Back the site up again, and look at what its backups are stored on.`,
    };
  return {
    ...facts,
    id: alarmId("missing", site, hour),
    title: `${siteLabel(site)}: no good backup${newestGood === undefined ? "" : ` since ${newestGood}`}`,
    text: `By its schedule there should have been one before ${deadline?.toISOString() ?? "now"}. Look at the site's backups: they failed, were skipped, did not start, were found damaged, or were deleted.`,
  };
};

/** By an id of its own: the backup may have been told of as good before it was found damaged. */
export const wholeAgainAlarm = (site: SiteId, backup: EndedBackup, now: Date): Alarm => ({
  ...backupAlarm("recovered", site, backup),
  id: alarmId("recovered", site, `${backup.id}-whole-${now.toISOString()}`),
  time: now.toISOString(),
});
