import { createHash } from "node:crypto";
import { nextRunOf, opensAt } from "../../domain/planned-times.ts";
import type { BackupSchedule } from "../../domain/schedule.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { Installation, Policy } from "../installation.ts";
import { readConfigurationRow, type BackupConfiguration } from "../rows/schedule-rows.ts";

type Defaults = Pick<Policy, "schedule" | "spreadMinutes">;

/** The schedule by which a site is backed up: its own, else the installation's; undefined when it is not. */
export const effectiveSchedule = (
  policy: Defaults,
  site: SiteId,
  configuration: Pick<BackupConfiguration, "enabled" | "schedule"> | undefined,
): BackupSchedule | undefined => {
  if (configuration?.enabled === false) return undefined;
  return configuration?.schedule ?? inheritedSchedule(policy, site);
};

/** As `effectiveSchedule`, with the configuration as it stands. */
export const scheduleOf = async (
  { policy, catalog }: Pick<Installation, "policy" | "catalog">,
  site: SiteId,
): Promise<BackupSchedule | undefined> =>
  effectiveSchedule(policy, site, (await readConfigurationRow(catalog, site))?.configuration);

/** The installation's schedule with the site's own share of the spread: the same one at every start, on every instance. */
const inheritedSchedule = ({ schedule, spreadMinutes }: Defaults, site: SiteId): BackupSchedule | undefined => {
  if (schedule === undefined || spreadMinutes === 0) return schedule;
  const chance = createHash("sha256").update(siteKey(site)).digest().readUInt32BE() / 2 ** 32;
  const startMs = Date.parse(schedule.startTime) + Math.floor(chance * spreadMinutes * 60) * 1_000;
  return { ...schedule, startTime: new Date(startMs).toISOString() };
};

/** The configuration of a site that nobody configured. */
export const inheritedConfiguration = (site: SiteId): BackupConfiguration => ({
  site,
  isOwn: false,
  backupName: site.slot === undefined ? site.name : `${site.name}-${site.slot}`,
  enabled: true,
});

/** A clock that said so was wrong: what it ran is not believed. Instances' clocks differ by less. */
const unbelievableMs = 3_600_000;

/** The configuration with the run that comes next: at its planned time, or where that has passed now, or when its window opens. */
export const withNextRun = (policy: Defaults, configuration: BackupConfiguration, now: Date): BackupConfiguration => {
  const { nextRun: _, ...rest } = configuration;
  const schedule = effectiveSchedule(policy, rest.site, rest);
  if (schedule === undefined) return rest;
  const handled = rest.handled === undefined ? undefined : new Date(rest.handled);
  const isBelieved = handled !== undefined && handled.getTime() <= now.getTime() + unbelievableMs;
  const planned = nextRunOf(schedule, isBelieved ? handled : undefined, now);
  const next = planned <= now ? (opensAt(schedule, now) ?? planned) : planned;
  return { ...rest, nextRun: next.toISOString() };
};
