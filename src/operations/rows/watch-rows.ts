import * as z from "zod";
import { endStatuses } from "../../domain/alarm.ts";
import { siteKey, siteOfKey, type SiteId } from "../../domain/site.ts";
import type { SiteWatch } from "../../domain/site-watch.ts";
import type { Catalog, RowChange } from "../../ports/catalog.ts";
import { endedBackup } from "./ended-forms.ts";
import { alarmPrefix, dueKey, duePrefix, markPrefix, watchKey, watchPartition, watchPrefix } from "./keys.ts";
import { letter } from "./letter-rows.ts";
import { mark } from "./mark-rows.ts";
import { siteId } from "./site-id.ts";
import { writeRow } from "./write-row.ts";

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
