import { endedBackupOf, isFor, type Alarm, type EndedBackup, type EndedRestore } from "../../domain/alarm.ts";
import { intervalMs } from "../../domain/planned-times.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import {
  newWatch,
  seeBackup,
  seeRestore,
  seeTime,
  standingOf,
  type Expectation,
  type SiteWatch,
} from "../../domain/site-watch.ts";
import type { Call } from "../../ports/call.ts";
import type { RowChange } from "../../ports/catalog.ts";
import { channelsOf, type AlarmDeps } from "./alarm-channels.ts";
import { scheduleOf } from "../backups/effective-schedule.ts";
import { readBackup, readBackups } from "../rows/backup-rows.ts";
import { endedRestoreOf, readOperation } from "../rows/operation-rows.ts";
import { watchKey, watchPartition } from "../rows/keys.ts";
import { readConfigurationRow } from "../rows/schedule-rows.ts";
import { changeWatch, readDueWatches, readWatch } from "../rows/watch-rows.ts";
import { markSite, readMarks, type Mark } from "../rows/mark-rows.ts";
import { postLetter } from "../rows/letter-rows.ts";

/** So many news or due sites a round; the rest waits for the next. */
const mostAtOnce = 500;
/** A batch holds 100 changes, and each news may bring two alarms for five channels. */
const mostMarks = 8;

/** Takes in what happened to sites and what did not happen in time, and posts the alarms that follow. */
export const watchSites =
  (deps: AlarmDeps) =>
  async (call: Call): Promise<void> => {
    const bySite = new Map<string, Mark[]>();
    for (const mark of await readMarks(deps.catalog, mostAtOnce)) {
      const key = siteKey(mark.site);
      bySite.set(key, [...(bySite.get(key) ?? []), mark]);
    }
    for (const marks of bySite.values()) {
      const [first] = marks;
      if (first !== undefined) await look(deps, call, first.site, marks.slice(0, mostMarks));
    }
    for (const { key, site } of await readDueWatches(deps.catalog, deps.clock.now(), mostAtOnce)) {
      const due = (await readWatch(deps.catalog, site))?.watch?.due;
      if (due !== undefined && key.includes(due)) await look(deps, call, site, []);
      else await deps.catalog.write(watchPartition, [{ kind: "remove", key }]);
    }
  };

/** A site that makes trouble silences no other; it is looked at again with the next round. */
const look = async (deps: AlarmDeps, call: Call, site: SiteId, marks: readonly Mark[]): Promise<void> => {
  try {
    await lookAt(deps, call, site, marks);
  } catch (error) {
    call.log.error("a site's backups could not be watched", { site: siteLabel(site), error });
  }
};

/** State, news and letters change in one batch: nothing is counted twice, no alarm is lost or posted twice. */
const lookAt = async (deps: AlarmDeps, call: Call, site: SiteId, marks: readonly Mark[]): Promise<void> => {
  const now = deps.clock.now();
  const before = await readWatch(deps.catalog, site);
  const unreadable = marks.filter(({ lost }) => lost !== undefined).map(({ key }) => key);
  if (before !== undefined && before.watch === undefined) unreadable.push(watchKey(site));
  if (unreadable.length > 0)
    call.log.error("what is remembered of a site's backups cannot be read; it begins anew", {
      site: siteLabel(site),
      rows: unreadable,
    });
  const { watch, alarms } = await seen(deps, before?.watch ?? newWatch(site, now), marks);
  const letters: RowChange[] = [];
  for (const alarm of alarms)
    for (const { name, kind } of await channelsOf(deps, site))
      if (isFor(kind, alarm.kind))
        letters.push(postLetter({ alarm, channel: name, attempt: 0, first: now.toISOString() }, now));
  const taken = marks.map(({ key, version }): RowChange => ({ kind: "remove", key, version }));
  const kept = before === undefined && (await isForgotten(deps, site)) ? [] : changeWatch(before, watch);
  const isWritten = await deps.catalog.write(watchPartition, [...kept, ...taken, ...letters]);
  // Another instance was faster, or there is more news: the next round sees to it.
  if (!isWritten) return;
  for (const alarm of alarms) tell(call, alarm);
};

/** News may come of a site that is forgotten, such as of a backup that is deleted; it is watched no more for that. */
const isForgotten = async ({ sites, catalog }: AlarmDeps, site: SiteId): Promise<boolean> => {
  if ((await readConfigurationRow(catalog, site)) !== undefined) return false;
  // Whose file cannot be understood is there.
  return sites.find(site).then(
    (found) => found === undefined,
    () => false,
  );
};

const seen = async (
  deps: AlarmDeps,
  start: SiteWatch,
  marks: readonly Mark[],
): Promise<{ readonly watch: SiteWatch; readonly alarms: readonly Alarm[] }> => {
  const ended: News[] = [];
  for (const mark of marks) ended.push(...(await newsIn(deps, mark)));
  let watch = start;
  const alarms: Alarm[] = [];
  for (const { backup, restore } of ended.toSorted((one, other) => (finishOf(one) < finishOf(other) ? -1 : 1))) {
    const after = backup === undefined ? seeRestore(watch, restore) : seeBackup(watch, backup);
    watch = after.watch;
    alarms.push(...after.alarms);
  }
  // Not from the news: a backup may have been found damaged or deleted since it was good.
  const standing = standingOf(await readBackups(deps.catalog, start.site));
  const timed = seeTime(watch, { expected: await expectationOf(deps, start.site), standing }, deps.clock.now());
  return { watch: timed.watch, alarms: [...alarms, ...timed.alarms] };
};

type News =
  | { readonly backup: EndedBackup; readonly restore?: undefined }
  | { readonly restore: EndedRestore; readonly backup?: undefined };

const finishOf = ({ backup, restore }: News): string => (backup ?? restore).finished;

const newsIn = async ({ catalog }: AlarmDeps, { site, backup, restore, lost }: Mark): Promise<readonly News[]> => {
  if (backup !== undefined) return [{ backup }];
  if (restore !== undefined) return [{ restore }];
  if (lost === undefined) return [];
  if ("operation" in lost) {
    const found = await readOperation(catalog, site, lost.operation);
    const ended = found && endedRestoreOf(found.operation);
    return ended === undefined ? [] : [{ restore: ended }];
  }
  const found = lost.backup === 0 ? undefined : await readBackup(catalog, site, lost.backup);
  const ended = found && endedBackupOf(found.backup);
  return ended === undefined ? [] : [{ backup: ended }];
};

const expectationOf = async (deps: AlarmDeps, site: SiteId): Promise<Expectation | undefined> => {
  const schedule = await scheduleOf(deps, site);
  if (schedule === undefined) return undefined;
  const { missedIntervals } = deps.policy.alarms;
  return { intervalMs: intervalMs(schedule), startTime: schedule.startTime, missedIntervals };
};

/** The console and the log are the channel that everybody has. */
const tell = (call: Call, { kind, title, text }: Alarm): void => {
  if (kind === "missing") call.log.error("a backup is missing", { alarm: title, text });
  if (kind === "restore-failed") call.log.error("a restore failed", { alarm: title, text });
  if (kind === "restore-put-back") call.log.warn("a site was put back", { alarm: title });
  if (kind === "recovered") call.log.info("backups are good again", { alarm: title });
};

/** Sites that were never looked at, so that a schedule whose first backup never comes is noticed too. */
export const watchNewSites =
  (deps: AlarmDeps) =>
  async (_call: Call): Promise<void> => {
    for (const { id } of await deps.sites.list())
      if ((await readWatch(deps.catalog, id))?.watch === undefined) await markSite(deps.catalog, id);
  };
