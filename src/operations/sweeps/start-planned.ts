import { defaultBackupName, nameProblem, type Backup, type BackupStatus } from "../../domain/backup.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import { Refusal } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { databaseFields, databasesToBackUp, type WantedDatabases } from "../databases/backup-databases.ts";
import { freeName } from "../backups/free-name.ts";
import { findSite } from "../find-site.ts";
import { backupRun } from "../runs/free-site.ts";
import type { Installation } from "../installation.ts";
import { insertBackup, readBackups } from "../rows/backup-rows.ts";
import { releaseName, type NameInContainer } from "../rows/name-rows.ts";
import { changeSite, readSiteRow, takenBy, type OpenRun, type SiteChange, type SiteRow } from "../rows/site-row.ts";
import { changeSiteForRun } from "../runs/change-site-for-run.ts";
import { runRef, startRun } from "../runs/start-run.ts";
import { tellEndedBackup } from "../runs/tell-ended.ts";
import { usedUpQuota } from "../backups/used-up-quota.ts";
import { usualContainer } from "../containers/where-to.ts";

interface PlannedRun {
  readonly site: SiteId;
  /** As the configuration stored it: it names the run. */
  readonly planned: string;
  readonly backupName: string;
}

/**
 * Starts the backup planned for a time, or leaves a record that says why there is none; once, however often and by however
 * many it is asked. Answers the backup or the record, also where an earlier call wrote it; undefined where that is
 * forgotten by now. What throws is to be asked again.
 */
export const startPlanned = async (deps: Installation, call: Call, run: PlannedRun): Promise<Backup | undefined> => {
  const { planned = [] } = await readSiteRow(deps.catalog, run.site);
  if (planned.includes(run.planned)) return foundBefore(deps, run);
  const wish: Wish = { ...run, now: deps.clock.now(), call };
  let place: Place;
  try {
    place = await placeFor(deps, wish);
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof SecretUnreadable)) throw error;
    return leaveRecord(deps, wish, { status: "Failed", log: error.message });
  }
  const done = await changeSiteForRun(deps, run.site, (row, announce) => begin(deps, { row, wish, place }, announce));
  if (done.begun !== undefined) {
    await startRun(deps, call, run.site, runRef(run.site, done.begun));
    return done.backup;
  }
  const left = done.backup ?? (await foundBefore(deps, run));
  // Only the run planned for this time could have given the name to a backup.
  const holder = { site: run.site, since: run.planned, planned: run.planned };
  if (left?.blobBase !== place.blobBase) await releaseName(deps.catalog, place, holder);
  return left;
};

interface Wish extends PlannedRun {
  readonly now: Date;
  readonly call: Call;
}

interface Place extends NameInContainer {
  readonly tier: string;
  readonly wanted: WantedDatabases;
}

const foundBefore = async (deps: Installation, { site, planned }: PlannedRun): Promise<Backup | undefined> =>
  (await readBackups(deps.catalog, site)).find((one) => one.planned === planned);

const nameOf = ({ backupName, planned, site }: PlannedRun): string => {
  const name = defaultBackupName(backupName, new Date(planned));
  return nameProblem(name) === undefined ? name : defaultBackupName(site.name, new Date(planned));
};

const placeFor = async (deps: Installation, wish: Wish): Promise<Place> => {
  const site = await findSite(deps, wish.site);
  const wanted = await databasesToBackUp(deps, wish.site, {});
  const { container } = await usualContainer(deps, site);
  const { planned } = wish;
  // The planned time also where a stamp is needed: whoever begins this run again has to come to the same name.
  const now = new Date(planned);
  const blobBase = await freeName(deps, { container, name: nameOf(wish), site: wish.site, now, planned });
  return { container, blobBase, tier: site.tier, wanted };
};

interface Begun {
  /** Undefined: another was faster. */
  readonly backup: Backup | undefined;
  /** The site's row with the run that is to start. */
  readonly begun?: SiteRow;
}

type Beginning = SiteChange<
  Begun & ({ readonly begun?: undefined } | { readonly backup: Backup; readonly begun: SiteRow })
>;

interface Decision {
  readonly row: SiteRow;
  readonly wish: Wish;
  readonly place: Place;
}

const begin = async (
  deps: Installation,
  { row, wish, place }: Decision,
  announce: (run: OpenRun) => Promise<void>,
): Promise<Beginning> => {
  if (row.planned?.includes(wish.planned) === true) return { row, result: { backup: undefined } };
  const reason = await whyNot(deps, { row, wish, place });
  if (reason !== undefined) return recorded(row, record(wish, row, { status: "Skipped", log: reason }));
  const created: Backup = {
    ...record(wish, row, { status: "Created" }),
    ...(await databaseFields(deps, row.nextBackupId, place.wanted)),
    blobBase: place.blobBase,
    destination: place.container,
  };
  const run = backupRun(deps, created);
  await announce(run);
  const backup = { ...created, run: run.id };
  const next = takenBy(noted(row, wish.planned), run);
  return { row: next, also: [insertBackup(backup)], result: { backup, begun: next } };
};

const whyNot = async (deps: Installation, { row, wish, place }: Decision): Promise<string | undefined> => {
  if (row.run !== undefined)
    return `The ${row.run.kind} ${row.run.id} had the site since ${row.run.since}. The next run comes at its planned time.`;
  const quota = await usedUpQuota(deps, { ...wish, tier: place.tier });
  return (
    quota && `The site has had its ${quota.limit} backups of the day. The next one is possible from ${quota.next}.`
  );
};

/** Of a run that never began: no run, no blob, no name. */
const record = (
  { site, planned, call, now, backupName }: Wish,
  { nextBackupId }: SiteRow,
  { status, log }: { readonly status: BackupStatus; readonly log?: string },
): Backup => ({
  site,
  id: nextBackupId,
  name: nameOf({ site, planned, backupName }),
  blobBase: "",
  status,
  scheduled: true,
  planned,
  destination: "",
  correlationId: call.requestId,
  created: now.toISOString(),
  sizeBytes: 0,
  ...(log === undefined ? {} : { log, finished: now.toISOString() }),
});

/** Instances' clocks differ by minutes, so no more than a few planned times are ever asked for again. */
const mostNoted = 8;

const noted = (row: SiteRow, planned: string): SiteRow => ({
  ...row,
  nextBackupId: row.nextBackupId + 1,
  planned: [...(row.planned ?? []), planned].slice(-mostNoted),
});

const recorded = (row: SiteRow, backup: Backup): Beginning => ({
  row: noted(row, backup.planned ?? ""),
  also: [insertBackup(backup)],
  result: { backup },
});

const leaveRecord = async (
  deps: Installation,
  wish: Wish,
  end: { readonly status: BackupStatus; readonly log: string },
): Promise<Backup | undefined> => {
  const left = await changeSite<Backup | undefined>(deps.catalog, wish.site, (row) => {
    if (row.planned?.includes(wish.planned) === true) return { row, result: undefined };
    const backup = record(wish, row, end);
    return { ...recorded(row, backup), result: backup };
  });
  if (left === undefined) return foundBefore(deps, wish);
  wish.call.log.warn("a planned backup could not begin", { site: siteLabel(wish.site), reason: end.log });
  await tellEndedBackup(deps, left);
  return left;
};
