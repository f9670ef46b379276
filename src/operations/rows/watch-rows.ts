import * as z from "zod";
import { endStatuses, type Alarm, type EndedBackup } from "../../domain/alarm.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { SiteWatch } from "../../domain/site-watch.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import {
  alarmPrefix,
  alarmKey,
  dueKey,
  duePrefix,
  markKey,
  markPrefix,
  watchKey,
  watchPartition,
  watchPrefix,
} from "./keys.ts";
import { siteId } from "./site-id.ts";

const endedBackup: z.ZodType<EndedBackup> = z.object({
  id: z.number(),
  name: z.string(),
  status: z.enum(endStatuses),
  scheduled: z.boolean(),
  finished: z.string(),
  seconds: z.number(),
  bytes: z.number(),
  log: z.string().exactOptional(),
});

/** A site's watch has news: a backup ended, or its schedule changed (without a backup). */
const mark = z.object({ site: siteId, backup: endedBackup.exactOptional() });
export type Mark = z.infer<typeof mark> & { readonly key: string; readonly version: string };

const ended = z.partialRecord(z.enum(endStatuses), z.number());

const watch: z.ZodType<SiteWatch> = z.object({
  site: siteId,
  condition: z.enum(["unknown", "good", "partial", "failed", "missing"]),
  since: z.string(),
  told: z.string().exactOptional(),
  newestGood: z.string().exactOptional(),
  scheduledSince: z.string().exactOptional(),
  due: z.string().exactOptional(),
  last: endedBackup.exactOptional(),
  ended,
  seconds: z.number(),
  bytes: z.number(),
  recent: z.array(z.number()),
});

/**
 * To be said before whatever would say it again is forgotten: the same news twice is news once. Alarms, metrics and
 * overviews follow from it.
 */
export const markSite = async (catalog: Catalog, of: SiteId, backup?: EndedBackup): Promise<void> => {
  const value = { site: of, ...(backup === undefined ? {} : { backup }) };
  await catalog.write(watchPartition, [{ kind: "put", key: markKey(of, backup?.id ?? 0), value }]);
};

export const readMarks = async (catalog: Catalog, limit: number): Promise<readonly Mark[]> =>
  (await catalog.list(watchPartition, { prefix: markPrefix, limit })).map(({ key, value, version }) => ({
    ...mark.parse(value),
    key,
    version,
  }));

interface WatchRow {
  readonly watch: SiteWatch;
  readonly version: string;
}

export const readWatch = async (catalog: Catalog, of: SiteId): Promise<WatchRow | undefined> => {
  const row = await catalog.get(watchPartition, watchKey(of));
  return row && { watch: watch.parse(row.value), version: row.version };
};

export const readWatches = async (catalog: Catalog): Promise<readonly SiteWatch[]> =>
  (await catalog.list(watchPartition, { prefix: watchPrefix })).map(({ value }) => watch.parse(value));

const dueRow = z.object({ site: siteId });

/** Sites that are due to be looked at, with the key of their due row. */
export const readDueWatches = async (
  catalog: Catalog,
  now: Date,
  limit: number,
): Promise<readonly { readonly key: string; readonly site: SiteId }[]> => {
  const rows = await catalog.list(watchPartition, {
    prefix: duePrefix,
    before: `${duePrefix}${now.toISOString()}`,
    limit,
  });
  return rows.map(({ key, value }) => ({ key, site: dueRow.parse(value).site }));
};

/** The watch and its due row, which moves with it. */
export const changeWatch = (before: WatchRow | undefined, after: SiteWatch): readonly RowChange[] => {
  const key = watchKey(after.site);
  const value = { ...after };
  const own: RowChange =
    before === undefined ? { kind: "insert", key, value } : { kind: "replace", key, value, version: before.version };
  const [old, due] = [before?.watch.due, after.due].map((time) => time && dueKey(time, siteKey(after.site)));
  if (old === due) return [own];
  return [
    own,
    ...(old === undefined || old === "" ? [] : [{ kind: "remove", key: old } as const]),
    ...(due === undefined || due === "" ? [] : [{ kind: "put", key: due, value: { site: after.site } } as const]),
  ];
};

const alarm: z.ZodType<Alarm> = z.object({
  id: z.string(),
  kind: z.enum(["failed", "partial", "missing", "recovered", "succeeded", "digest", "test"]),
  time: z.string(),
  site: siteId.exactOptional(),
  backup: endedBackup.exactOptional(),
  title: z.string(),
  text: z.string(),
});

/** An alarm on its way to one channel. */
const letter = z.object({ alarm, channel: z.string(), attempt: z.number(), first: z.string() });
export type Letter = z.infer<typeof letter>;
export interface WaitingLetter extends Letter {
  readonly key: string;
  readonly version: string;
}

/** Sent not before `at`. The same alarm for the same channel is one letter. */
export const postLetter = (posted: Letter, at: Date): RowChange => ({
  kind: "put",
  key: alarmKey(at.toISOString(), `${posted.alarm.id}!${posted.channel}`),
  value: { ...posted },
});

const letterOf = ({ key, value, version }: Row): WaitingLetter => ({ ...letter.parse(value), key, version });

export const takeLetter = ({ key, version }: WaitingLetter): RowChange => ({ kind: "remove", key, version });

/** Those that somebody should have taken by now: due, or tried in vain and waiting for the next try. */
export const readWaitingLetters = async (
  catalog: Catalog,
  now: Date,
  limit: number,
): Promise<readonly WaitingLetter[]> => {
  const rows = await catalog.list(watchPartition, { prefix: alarmPrefix, limit });
  return rows.map(letterOf).filter(({ key, attempt }) => attempt > 0 || key < `${alarmPrefix}${now.toISOString()}`);
};

export const readLetters = async (catalog: Catalog, now: Date, limit: number): Promise<readonly WaitingLetter[]> => {
  const rows = await catalog.list(watchPartition, {
    prefix: alarmPrefix,
    before: `${alarmPrefix}${now.toISOString()}`,
    limit,
  });
  return rows.map(letterOf);
};
