import * as z from "zod";
import { alarmKinds, endStatuses, type Alarm, type EndedBackup, type EndedRestore } from "../../domain/alarm.ts";
import { siteKey, siteOfKey, type SiteId } from "../../domain/site.ts";
import type { SiteWatch } from "../../domain/site-watch.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import {
  alarmPrefix,
  alarmKey,
  behind,
  dueKey,
  duePrefix,
  markKey,
  markPrefix,
  newsOf,
  type NewsOf,
  watchKey,
  watchPartition,
  watchPrefix,
} from "./keys.ts";
import { siteId } from "./site-id.ts";
import { writeRow } from "./write-row.ts";

const endedBackup: z.ZodType<EndedBackup> = z.object({
  id: z.number(),
  name: z.string(),
  status: z.enum(endStatuses),
  scheduled: z.boolean(),
  finished: z.string(),
  seconds: z.number(),
  bytes: z.number(),
  emptied: z.boolean().exactOptional(),
  log: z.string().exactOptional(),
});

const endedRestore: z.ZodType<EndedRestore> = z.object({
  id: z.string(),
  kind: z.enum(["restore", "undo"]),
  status: z.enum(["Succeeded", "Failed"]),
  finished: z.string(),
  blob: z.string().exactOptional(),
  settles: z.boolean(),
  cancelled: z.boolean(),
  closed: z.boolean(),
  half: z.boolean(),
  down: z.boolean(),
  log: z.string().exactOptional(),
});

/**
 * A site's watch has news: a backup or restore ended, or (neither of them) its schedule changed, or what there is to go back to.
 */
const mark = z.object({
  site: siteId,
  backup: endedBackup.exactOptional(),
  restore: endedRestore.exactOptional(),
});
export interface Mark extends z.infer<typeof mark> {
  readonly key: string;
  readonly version: string;
  /** What it tells of, where nothing but its key can be understood. */
  readonly lost?: NewsOf;
}

const ended = z.partialRecord(z.enum(endStatuses), z.number());

const watch: z.ZodType<SiteWatch> = z.object({
  site: siteId,
  condition: z.enum(["unknown", "good", "partial", "failed", "missing"]),
  since: z.string(),
  told: z.string().exactOptional(),
  newestGood: z.string().exactOptional(),
  damaged: z.object({ id: z.number(), name: z.string(), found: z.string() }).exactOptional(),
  scheduledSince: z.string().exactOptional(),
  due: z.string().exactOptional(),
  last: endedBackup.exactOptional(),
  ended,
  seconds: z.number(),
  bytes: z.number(),
  recent: z.array(z.number()),
  recentRestores: z.array(z.string()).exactOptional(),
});

/**
 * To be said before whatever would say it again is forgotten: the same news twice is news once. Alarms, metrics and
 * overviews follow from it.
 */
export const markSite = async (catalog: Catalog, of: SiteId, backup?: EndedBackup): Promise<void> => {
  const value = { site: of, ...(backup === undefined ? {} : { backup }) };
  await catalog.write(watchPartition, [{ kind: "put", key: markKey(of, { backup: backup?.id ?? 0 }), value }]);
};

/** As above, of a restore or undo. */
export const markRestore = async (catalog: Catalog, of: SiteId, restore: EndedRestore): Promise<void> => {
  const key = markKey(of, { operation: restore.id });
  await catalog.write(watchPartition, [{ kind: "put", key, value: { site: of, restore } }]);
};

export const readMarks = async (catalog: Catalog, limit: number): Promise<readonly Mark[]> =>
  (await catalog.list(watchPartition, { prefix: markPrefix, limit })).map(({ key, value, version }) => {
    const read = mark.safeParse(value);
    return { ...(read.success ? read.data : markOfKey(key)), key, version };
  });

/** The key says whose news it is and of which backup; what became of that, its own row does. */
const markOfKey = (key: string): Pick<Mark, "site" | "lost"> => {
  const parts = key.slice(markPrefix.length).split("!");
  return { site: siteOfKey(parts.slice(0, -1).join("!")), lost: newsOf(parts.at(-1) ?? "") };
};

interface WatchRow {
  /** Undefined: what is remembered cannot be understood. */
  readonly watch: SiteWatch | undefined;
  readonly version: string;
}

export const readWatch = async (catalog: Catalog, of: SiteId): Promise<WatchRow | undefined> => {
  const row = await catalog.get(watchPartition, watchKey(of));
  return row && { watch: watch.safeParse(row.value).data, version: row.version };
};

/** Those that can be understood: the others begin anew when their sites are looked at. */
export const readWatches = async (catalog: Catalog): Promise<readonly SiteWatch[]> =>
  (await catalog.list(watchPartition, { prefix: watchPrefix })).flatMap(
    ({ value }) => watch.safeParse(value).data ?? [],
  );

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
  // The key says the same as the row.
  return rows.map(({ key, value }) => {
    const [, ...site] = key.slice(duePrefix.length).split("!");
    return { key, site: dueRow.safeParse(value).data?.site ?? siteOfKey(site.join("!")) };
  });
};

/** The watch and its due row, which moves with it. */
export const changeWatch = (before: WatchRow | undefined, after: SiteWatch): readonly RowChange[] => {
  const own = writeRow(watchKey(after.site), { ...after }, before?.version);
  const [old, due] = [before?.watch?.due, after.due].map((time) => time && dueKey(time, siteKey(after.site)));
  if (old === due) return [own];
  return [
    own,
    ...(old === undefined || old === "" ? [] : [{ kind: "remove", key: old } as const]),
    ...(due === undefined || due === "" ? [] : [{ kind: "put", key: due, value: { site: after.site } } as const]),
  ];
};

/** Of a site that is forgotten: nothing of it troubles anybody any more. */
export const forgetWatch = async (catalog: Catalog, of: SiteId): Promise<void> => {
  for (let row = await readWatch(catalog, of); row !== undefined; row = await readWatch(catalog, of)) {
    const due = row.watch?.due;
    const changes: readonly RowChange[] = [
      { kind: "remove", key: watchKey(of), version: row.version },
      ...(due === undefined ? [] : [{ kind: "remove", key: dueKey(due, siteKey(of)) } as const]),
    ];
    if (await catalog.write(watchPartition, changes)) return;
  }
};

const alarm: z.ZodType<Alarm> = z.object({
  id: z.string(),
  kind: z.enum(alarmKinds),
  time: z.string(),
  site: siteId.exactOptional(),
  backup: endedBackup.exactOptional(),
  restore: endedRestore.exactOptional(),
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

/** Undefined: it cannot be understood. */
const letterOf = ({ key, value, version }: Row): WaitingLetter | undefined => {
  const read = letter.safeParse(value);
  return read.success ? { ...read.data, key, version } : undefined;
};

const lettersOf = (rows: readonly Row[]): readonly WaitingLetter[] => rows.flatMap((row) => letterOf(row) ?? []);

export const takeLetter = ({ key, version }: WaitingLetter): RowChange => ({ kind: "remove", key, version });

/** Those that somebody should have taken by now: due, or tried in vain and waiting for the next try. */
export const readWaitingLetters = async (
  catalog: Catalog,
  now: Date,
  limit: number,
): Promise<readonly WaitingLetter[]> => {
  const rows = await catalog.list(watchPartition, { prefix: alarmPrefix, limit });
  return lettersOf(rows).filter(({ key, attempt }) => attempt > 0 || key < `${alarmPrefix}${now.toISOString()}`);
};

/** Those that nobody would take before `from`. */
export const readLettersFrom = async (catalog: Catalog, from: Date, limit: number): Promise<readonly WaitingLetter[]> =>
  lettersOf(
    await catalog.list(watchPartition, { prefix: alarmPrefix, from: `${alarmPrefix}${from.toISOString()}`, limit }),
  );

export interface DueLetters {
  readonly letters: readonly WaitingLetter[];
  /** Rows among them that cannot be understood. */
  readonly unreadable: readonly Row[];
}

/** The first so many that are due, whatever else lies before them. */
export const readLetters = async (catalog: Catalog, now: Date, limit: number): Promise<DueLetters> => {
  const letters: WaitingLetter[] = [];
  const unreadable: Row[] = [];
  for (let from: string = alarmPrefix; ;) {
    const before = `${alarmPrefix}${now.toISOString()}`;
    const rows = await catalog.list(watchPartition, { prefix: alarmPrefix, from, before, limit });
    letters.push(...lettersOf(rows));
    unreadable.push(...rows.filter((row) => letterOf(row) === undefined));
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit || letters.length >= limit) return { letters, unreadable };
    from = behind(last.key);
  }
};

/** When a letter was to be sent, by its key. */
export const timeOfLetter = ({ key }: Pick<Row, "key">): string => key.slice(alarmPrefix.length).split("!")[0] ?? "";

/** Keys of rows that timers pass over because they cannot be understood. */
export const unreadableWatchRows = async (catalog: Catalog): Promise<readonly string[]> => {
  const keys: string[] = [];
  for (const [prefix, form] of [
    [watchPrefix, watch],
    [markPrefix, mark],
    [alarmPrefix, letter],
  ] as const)
    for (const { key, value } of await catalog.list(watchPartition, { prefix }))
      if (!form.safeParse(value).success) keys.push(key);
  return keys;
};
