import * as z from "zod";
import { refuse } from "../../domain/errors.ts";
import type { BackupSchedule } from "../../domain/schedule.ts";
import { siteLabel, siteOfKey, type SiteId } from "../../domain/site.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import { keptDatabases } from "./database-reference.ts";
import {
  behind,
  configurationKey,
  configurationPrefix,
  dueRunKey,
  dueRunPrefix,
  dueVersionKey,
  schedulePartition,
} from "./keys.ts";
import { siteId } from "./site-id.ts";
import { writeRow } from "./write-row.ts";

const schedule: z.ZodType<BackupSchedule> = z.object({
  frequencyInterval: z.number(),
  frequencyUnit: z.enum(["Day", "Hour"]),
  keepAtLeastOneBackup: z.boolean(),
  retentionPeriodInDays: z.number(),
  startTime: z.string(),
  timeZone: z.string().exactOptional(),
  runWindow: z.object({ from: z.string(), to: z.string() }).exactOptional(),
  keepDaily: z.number().exactOptional(),
  keepWeekly: z.number().exactOptional(),
  keepMonthly: z.number().exactOptional(),
});

const stored = z.object({
  site: siteId,
  /** False: nobody configured this site; the row only says when the installation's schedule runs next for it. */
  isOwn: z.boolean(),
  backupName: z.string(),
  enabled: z.boolean(),
  container: z.string().exactOptional(),
  /** Absent: the installation's. */
  schedule: schedule.exactOptional(),
  ...keptDatabases,
  continueOnDatabaseError: z.boolean().exactOptional(),
  /** When a planned run last began. */
  lastExecutionTime: z.string().exactOptional(),
  /** Every planned time up to here is seen to. */
  handled: z.string().exactOptional(),
  nextRun: z.string().exactOptional(),
});

/** What a site's owner configured, and where its schedule stands. The container's credential lies with the container. */
export type BackupConfiguration = z.infer<typeof stored>;

interface ConfigurationRow {
  readonly configuration: BackupConfiguration;
  readonly version: string;
}

const parse = (row: Row, site: SiteId): ConfigurationRow => {
  // 0.1.0 kept the site's key in place of the site, and ran nothing by schedule.
  const value = typeof row.value["site"] === "string" ? { ...row.value, site, isOwn: true } : row.value;
  return { configuration: stored.parse(value), version: row.version };
};

export const readConfigurationRow = async (catalog: Catalog, site: SiteId): Promise<ConfigurationRow | undefined> => {
  const row = await catalog.get(schedulePartition, configurationKey(site));
  return row && parse(row, site);
};

/** All configurations, so many at a time; those that cannot be understood are told apart. */
export const configurationPages = async function* (
  catalog: Catalog,
  onUnreadable: (site: SiteId, error: unknown) => void,
  atATime = 1_000,
): AsyncGenerator<readonly BackupConfiguration[]> {
  for (let from: string | undefined; ;) {
    const rows = await catalog.list(schedulePartition, {
      prefix: configurationPrefix,
      limit: atATime,
      ...(from === undefined ? {} : { from }),
    });
    yield rows.flatMap((row) => {
      const site = siteOfKey(row.key.slice(configurationPrefix.length));
      try {
        return parse(row, site).configuration;
      } catch (error) {
        onUnreadable(site, error);
        return [];
      }
    });
    const last = rows.at(-1);
    if (last === undefined || rows.length < atATime) return;
    from = behind(last.key);
  }
};

/** A site whose planned run may be due: a hint, for the configuration says when it is. */
export interface Due {
  readonly site: SiteId;
  readonly at: string;
  readonly key: string;
  readonly version: string;
}

const due = z.object({ site: siteId, at: z.string() });

/** The key says the same as the row, so that a row which cannot be understood holds up no other. */
const dueOf = ({ key, value }: Row): Pick<Due, "site" | "at"> => {
  const read = due.safeParse(value);
  if (read.success) return read.data;
  const [at = "", ...site] = key.slice(dueRunPrefix.length).split("!");
  return { site: siteOfKey(site.join("!")), at };
};

/** The oldest first; `until` inclusive. */
export const readDue = async (
  catalog: Catalog,
  {
    until,
    behindKey,
    limit,
  }: { readonly until?: Date; readonly behindKey?: string | undefined; readonly limit: number },
): Promise<readonly Due[]> => {
  const rows = await catalog.list(schedulePartition, {
    prefix: dueRunPrefix,
    ...(until === undefined ? {} : { before: `${dueRunPrefix}${new Date(until.getTime() + 1).toISOString()}` }),
    ...(behindKey === undefined ? {} : { from: behind(behindKey) }),
    limit,
  });
  return rows.map((row) => ({ ...dueOf(row), key: row.key, version: row.version }));
};

/** Another one after every due row that was added; undefined when none ever was. */
export const readDueVersion = async (catalog: Catalog): Promise<string | undefined> =>
  (await catalog.get(schedulePartition, dueVersionKey))?.version;

export const dropDue = async (catalog: Catalog, { key, version }: Due): Promise<void> => {
  await catalog.write(schedulePartition, [{ kind: "remove", key, version }]);
};

/** What becomes of a configuration: another one, none, or the same. */
export type ConfigurationChange = BackupConfiguration | "none" | "same";

/**
 * Changes a site's configuration and moves its due row with it, in one batch. `decide` sees it as it is, and is asked again
 * when another writer was faster. Answers what stands afterwards.
 */
export const changeConfiguration = async (
  catalog: Catalog,
  site: SiteId,
  decide: (old: BackupConfiguration | undefined) => ConfigurationChange | Promise<ConfigurationChange>,
): Promise<BackupConfiguration | undefined> => {
  for (let attempt = 0; attempt < 20; attempt++) {
    const row = await readConfigurationRow(catalog, site);
    const old = row?.configuration;
    const next = await decide(old);
    if (next === "same" || (next === "none" && row === undefined)) return old;
    const kept = next === "none" ? undefined : next;
    if (await catalog.write(schedulePartition, [...rowChanges(site, row, kept), ...dueChanges(site, old, kept)]))
      return kept;
  }
  throw refuse("Unavailable", {
    reason: `the configuration of ${siteLabel(site)} is being changed by too many callers.`,
  });
};

const rowChanges = (
  site: SiteId,
  row: ConfigurationRow | undefined,
  next: BackupConfiguration | undefined,
): readonly RowChange[] => {
  const key = configurationKey(site);
  if (next === undefined) return row === undefined ? [] : [{ kind: "remove", key, version: row.version }];
  return [writeRow(key, { ...next }, row?.version)];
};

/** Put also where it should be there already: a due row that was lost comes back with the next change. */
const dueChanges = (
  site: SiteId,
  old: BackupConfiguration | undefined,
  next: BackupConfiguration | undefined,
): readonly RowChange[] => [
  ...(old?.nextRun === undefined || old.nextRun === next?.nextRun
    ? []
    : [{ kind: "remove", key: dueRunKey(old.nextRun, site) } as const]),
  ...(next?.nextRun === undefined
    ? []
    : ([
        { kind: "put", key: dueRunKey(next.nextRun, site), value: { site: next.site, at: next.nextRun } },
        { kind: "put", key: dueVersionKey, value: {} },
      ] as const)),
];
