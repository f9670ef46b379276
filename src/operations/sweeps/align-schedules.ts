import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { inheritedConfiguration, withNextRun } from "../backups/effective-schedule.ts";
import type { Installation } from "../installation.ts";
import {
  changeConfiguration,
  configurationPages,
  dropDue,
  readConfigurationRow,
  readDue,
  type BackupConfiguration,
  type ConfigurationChange,
} from "../rows/schedule-rows.ts";

/**
 * Makes configurations, due rows, the installation's schedule and its sites agree: new sites get the installation's
 * schedule, sites that are gone lose it, a changed schedule counts, a next run that only a wrong clock can have written is
 * planned anew, and each next run has its due row. A configuration that cannot be understood is named in the log, stays as it
 * is, and holds up no other. Idempotent; for housekeeping and for the start.
 */
export const alignSchedules =
  (deps: Installation) =>
  async (call: Call): Promise<void> => {
    const sites = new Map((await deps.sites.list()).map(({ id }) => [siteKey(id), id]));
    const due = await dueTimes(deps);
    const configured = new Set<string>();
    const unreadable = new Set<string>();
    const onUnreadable = (site: SiteId, error: unknown): void => {
      configured.add(siteKey(site));
      unreadable.add(siteKey(site));
      call.log.error("a site's schedule cannot be read; it is not backed up by schedule", {
        site: siteLabel(site),
        error,
      });
    };
    let changed = 0;
    for await (const page of configurationPages(deps.catalog, onUnreadable)) {
      for (const found of page) {
        const key = siteKey(found.site);
        configured.add(key);
        const is = { site: sites.get(key), hasDue: due.get(key) === found.nextRun };
        if (!isToChange(deps, found, { ...is, onUnreadable })) continue;
        await changeConfiguration(deps.catalog, found.site, (old) => decided(deps, old, is));
        changed++;
      }
      await breath();
    }
    for (const [key, site] of sites) if (!configured.has(key) && (await inherit(deps, site))) changed++;
    const stale = await dropStale(deps, unreadable);
    if (changed + stale > 0) call.log.info("schedules aligned", { changed, stale });
  };

/** So that a service with very many sites answers requests meanwhile. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const atATime = 1_000;

const dueTimes = async ({ catalog }: Installation): Promise<ReadonlyMap<string, string>> => {
  const times = new Map<string, string>();
  for await (const page of duePages(catalog)) for (const { site, at } of page) times.set(siteKey(site), at);
  return times;
};

const duePages = async function* (catalog: Installation["catalog"]) {
  for (let behindKey: string | undefined; ;) {
    const page = await readDue(catalog, { behindKey, limit: atATime });
    yield page;
    await breath();
    if (page.length < atATime) return;
    behindKey = page.at(-1)?.key;
  }
};

interface Found {
  /** Undefined when it is gone. */
  readonly site: SiteId | undefined;
  readonly hasDue: boolean;
}

interface FoundBy extends Found {
  readonly onUnreadable: (site: SiteId, error: unknown) => void;
}

/** Whether it has to be changed; false also for a schedule that tells no time. Asks nobody: what fails here is the row's fault. */
const isToChange = (deps: Installation, found: BackupConfiguration, is: FoundBy): boolean => {
  try {
    return decided(deps, found, is) !== "same";
  } catch (error) {
    is.onUnreadable(found.site, error);
    return false;
  }
};

const decided = (
  deps: Installation,
  old: BackupConfiguration | undefined,
  { site, hasDue }: Found,
): ConfigurationChange => {
  if (old === undefined) return "same";
  const next = aligned(deps, old, site);
  if (next === "none") return "none";
  return next.nextRun === old.nextRun && hasDue ? "same" : next;
};

const aligned = (
  deps: Installation,
  old: BackupConfiguration,
  site: SiteId | undefined,
): BackupConfiguration | "none" => {
  if (!old.isOwn && site === undefined) return "none";
  const now = deps.clock.now();
  const next = withNextRun(deps.policy, { ...old, site: site ?? old.site }, now);
  if (!old.isOwn && next.nextRun === undefined) return "none";
  // Due already: it may be under way, and is seen to by its stored time. It moves on from there.
  const isDue = next.nextRun !== undefined && old.nextRun !== undefined && Date.parse(old.nextRun) <= now.getTime();
  return isDue ? old : next;
};

const inherit = async (deps: Installation, site: SiteId): Promise<boolean> => {
  const bare = withNextRun(deps.policy, inheritedConfiguration(site), deps.clock.now());
  if (bare.nextRun === undefined) return false;
  await changeConfiguration(deps.catalog, site, (old) => old ?? bare);
  return true;
};

/** Due rows that no configuration stands behind. */
const dropStale = async (deps: Installation, unreadable: Set<string>): Promise<number> => {
  const next = new Map<string, string | undefined>();
  let stale = 0;
  for await (const page of configurationPages(deps.catalog, (site) => unreadable.add(siteKey(site))))
    for (const { site, nextRun } of page) next.set(siteKey(site), nextRun);
  for await (const page of duePages(deps.catalog))
    for (const due of page) {
      const key = siteKey(due.site);
      if (next.get(key) === due.at || unreadable.has(key)) continue;
      // Once more, for it may have moved since; and dropped as it was read: one that is put again now is left alone.
      const now = await readConfigurationRow(deps.catalog, due.site);
      if (now?.configuration.nextRun === due.at) continue;
      await dropDue(deps.catalog, due);
      stale++;
    }
  return stale;
};
