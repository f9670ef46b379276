import { fullContainerUrl, parseContainerUrl } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import { failuresInARow } from "../../domain/failures-in-a-row.ts";
import { scheduleProblem, type BackupSchedule, type KeepRules } from "../../domain/schedule.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { withDatabases } from "../databases/configured-databases.ts";
import { checkWishes, type DatabaseWish } from "../databases/database-wishes.ts";
import { credentialOf, rememberCredential } from "../containers/credentials.ts";
import { effectiveSchedule, inheritedConfiguration, withNextRun } from "./effective-schedule.ts";
import { findSite } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { changeConfiguration, readConfigurationRow, type BackupConfiguration } from "../rows/schedule-rows.ts";
import { markSite } from "../rows/mark-rows.ts";
import { checkContainerReach, checkDatabaseReach } from "../containers/within-reach.ts";

export interface ConfigurationRequest {
  readonly backupName?: string;
  readonly enabled?: boolean;
  /** Absent or blank: the stored one stays (callers below admin never see it, and send back what they saw). */
  readonly storageAccountUrl?: Secret;
  /** Absent: the stored ones stay. */
  readonly databases?: readonly DatabaseWish[];
  readonly continueOnDatabaseError?: boolean;
  readonly schedule?: RequestedSchedule;
}

/** What clients of App Service cannot say stays where it is not said: `timeZone` "", `runWindow` "always" and 0 take it away. */
export type RequestedSchedule = Omit<BackupSchedule, "startTime" | "runWindow"> & {
  readonly startTime?: string;
  readonly runWindow?: BackupSchedule["runWindow"] | "always";
};

export const putBackupConfiguration =
  (deps: Installation) =>
  async (call: Call, id: SiteId, request: ConfigurationRequest): Promise<BackupConfiguration | undefined> => {
    const site = await findSite(deps, id);
    const access =
      request.storageAccountUrl && parseContainerUrl(request.storageAccountUrl, "properties.storageAccountUrl");
    if (access) {
      await checkContainerReach(deps, call, { site, access });
      await deps.destinations.open(access.container, access.credential);
      await rememberCredential(deps, access);
    }
    const { databases } = request;
    checkWishes(databases ?? []);
    checkDatabaseReach(call, databases ?? []);
    const now = deps.clock.now();
    const changed = await changeConfiguration(deps.catalog, site.id, async (old = inheritedConfiguration(site.id)) => {
      const kept = databases === undefined ? old : await withDatabases(deps, old, databases);
      const next = merged(kept, { request, container: access?.container, now });
      return runsAlike(deps, old, next) ? { ...next, ...nextRunOf(old) } : withNextRun(deps.policy, next, now);
    });
    await markSite(deps.catalog, id);
    call.log.info("backup configuration changed", { site: siteLabel(id), caller: call.caller });
    return changed;
  };

const nextRunOf = ({ nextRun }: BackupConfiguration) => (nextRun === undefined ? {} : { nextRun });

/** Whether the two plan the same runs. Then the next one stays as it is: it may be under way already. */
const runsAlike = (deps: Installation, one: BackupConfiguration, other: BackupConfiguration): boolean => {
  const times = (configuration: BackupConfiguration): string => {
    const schedule = effectiveSchedule(deps.policy, configuration.site, configuration);
    const { frequencyInterval, frequencyUnit, startTime, timeZone, runWindow } = schedule ?? {};
    return JSON.stringify([frequencyInterval, frequencyUnit, startTime, timeZone, runWindow?.from, runWindow?.to]);
  };
  return one.nextRun !== undefined && times(one) === times(other);
};

interface Given {
  readonly request: ConfigurationRequest;
  readonly container: string | undefined;
  readonly now: Date;
}

/** A later PUT without startTime keeps the old start, as App Service does; the first one starts at once. */
const merged = (old: BackupConfiguration, { request, container, now }: Given): BackupConfiguration => {
  const newSchedule = request.schedule && mergedSchedule(request.schedule, old.schedule, now);
  const problem = newSchedule && scheduleProblem(newSchedule);
  if (problem !== undefined) throw refuse("InvalidField", { ...problem });
  return {
    ...old,
    isOwn: true,
    backupName: request.backupName ?? old.backupName,
    enabled: request.enabled ?? old.enabled,
    ...(container === undefined ? {} : { container }),
    ...(newSchedule === undefined ? {} : { schedule: newSchedule }),
    ...(request.continueOnDatabaseError === undefined
      ? {}
      : { continueOnDatabaseError: request.continueOnDatabaseError }),
  };
};

const mergedSchedule = (given: RequestedSchedule, old: BackupSchedule | undefined, now: Date): BackupSchedule => {
  const { startTime = old?.startTime, timeZone = old?.timeZone, runWindow = old?.runWindow, ...figures } = given;
  return {
    ...keepRulesOf(old),
    ...figures,
    startTime: startTime ?? now.toISOString(),
    ...(timeZone === undefined || timeZone === "" ? {} : { timeZone }),
    ...(runWindow === undefined || runWindow === "always" ? {} : { runWindow }),
  };
};

const keepRulesOf = ({ keepDaily, keepWeekly, keepMonthly }: KeepRules = {}): KeepRules => ({
  ...(keepDaily === undefined ? {} : { keepDaily }),
  ...(keepWeekly === undefined ? {} : { keepWeekly }),
  ...(keepMonthly === undefined ? {} : { keepMonthly }),
});

/** A configuration as people see it: with the schedule in force, and whether its runs do their work. */
export interface ShownConfiguration {
  readonly site: SiteDefinition;
  readonly configuration: BackupConfiguration;
  /** In force: the site's own or the installation's. */
  readonly schedule: BackupSchedule | undefined;
  readonly failuresInARow: number;
}

export const getBackupConfiguration =
  (deps: Installation) =>
  async (_call: Call, id: SiteId): Promise<ShownConfiguration> => {
    const site = await findSite(deps, id);
    const row = await readConfigurationRow(deps.catalog, site.id);
    const configuration = row?.configuration ?? inheritedConfiguration(site.id);
    const schedule = effectiveSchedule(deps.policy, site.id, configuration);
    if (!configuration.isOwn && schedule === undefined) throw configurationNotFound(id);
    const backups = await readBackups(deps.catalog, site.id);
    return { site, configuration, schedule, failuresInARow: failuresInARow(backups) };
  };

/** The configured container's URL with its secret. Throws SecretUnreadable when the key that sealed it is gone. */
export const configuredContainerUrl = async (
  deps: Installation,
  { container }: BackupConfiguration,
): Promise<Secret | undefined> => {
  if (container === undefined) return undefined;
  const credential = await credentialOf(deps, container);
  return fullContainerUrl(credential ? { container, credential } : { container });
};

const configurationNotFound = (id: SiteId) =>
  refuse("ConfigurationNotFound", { site: id.name, slot: id.slot ?? "Production" });

/** Deleting what is not there is not an error: clients call this to make sure. The installation's schedule applies again. */
export const deleteBackupConfiguration =
  (deps: Installation) =>
  async (call: Call, id: SiteId): Promise<void> => {
    const site = await findSite(deps, id);
    await changeConfiguration(deps.catalog, site.id, (old) => {
      if (old?.isOwn !== true) return "same";
      const bare = withNextRun(deps.policy, { ...inheritedConfiguration(site.id), ...past(old) }, deps.clock.now());
      return bare.nextRun === undefined ? "none" : bare;
    });
    await markSite(deps.catalog, id);
    call.log.info("backup configuration deleted", { site: siteLabel(id), caller: call.caller });
  };

const past = ({ handled, lastExecutionTime }: BackupConfiguration) => ({
  ...(handled === undefined ? {} : { handled }),
  ...(lastExecutionTime === undefined ? {} : { lastExecutionTime }),
});
