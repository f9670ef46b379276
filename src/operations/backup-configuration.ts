import * as z from "zod";
import { fullContainerUrl, parseContainerUrl } from "../domain/container-url.ts";
import { refuse } from "../domain/errors.ts";
import { scheduleProblem, type BackupSchedule } from "../domain/schedule.ts";
import type { Secret } from "../domain/secret.ts";
import { siteKey, siteLabel, type SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { RowValue } from "../ports/catalog.ts";
import { credentialOf, rememberCredential } from "./credentials.ts";
import { findSite } from "./find-site.ts";
import type { Installation } from "./installation.ts";
import { configurationKey, schedulePartition } from "./rows/keys.ts";
import { markSite } from "./rows/watch-rows.ts";

const schedule: z.ZodType<BackupSchedule> = z.object({
  frequencyInterval: z.number(),
  frequencyUnit: z.enum(["Day", "Hour"]),
  keepAtLeastOneBackup: z.boolean(),
  retentionPeriodInDays: z.number(),
  startTime: z.string(),
  lastExecutionTime: z.string().exactOptional(),
});

const stored = z.object({
  site: z.string(),
  backupName: z.string(),
  enabled: z.boolean(),
  container: z.string().exactOptional(),
  schedule: schedule.exactOptional(),
});

/** What a site's owner configured. The container's credential lies with the container. */
export type BackupConfiguration = z.infer<typeof stored>;

export interface ConfigurationRequest {
  readonly backupName?: string;
  readonly enabled?: boolean;
  /** Absent or blank: the stored one stays (callers below admin never see it, and send back what they saw). */
  readonly storageAccountUrl?: Secret;
  readonly schedule?: Omit<BackupSchedule, "startTime" | "lastExecutionTime"> & { readonly startTime?: string };
}

export const readConfiguration = async (
  deps: Pick<Installation, "catalog">,
  site: SiteId,
): Promise<BackupConfiguration | undefined> => {
  const row = await deps.catalog.get(schedulePartition, configurationKey(site));
  return row && stored.parse(row.value);
};

export const putBackupConfiguration =
  (deps: Installation) =>
  async (call: Call, id: SiteId, request: ConfigurationRequest): Promise<BackupConfiguration> => {
    const site = await findSite(deps, id);
    const access =
      request.storageAccountUrl && parseContainerUrl(request.storageAccountUrl, "properties.storageAccountUrl");
    if (access) {
      await deps.destinations.open(access.container, access.credential);
      await rememberCredential(deps, access);
    }
    const key = configurationKey(id);
    for (let attempt = 0; attempt < 20; attempt++) {
      const row = await deps.catalog.get(schedulePartition, key);
      const next = merged(site.id, row && stored.parse(row.value), {
        request,
        container: access?.container,
        now: deps.clock.now(),
      });
      const value: RowValue = { ...next };
      const change = row
        ? ({ kind: "replace", key, value, version: row.version } as const)
        : ({ kind: "insert", key, value } as const);
      if (!(await deps.catalog.write(schedulePartition, [change]))) continue;
      await markSite(deps.catalog, id);
      call.log.info("backup configuration changed", { site: siteLabel(id), caller: call.caller });
      return next;
    }
    throw refuse("Unavailable", {
      reason: `the configuration of ${siteLabel(id)} is being changed by too many callers.`,
    });
  };

interface Given {
  readonly request: ConfigurationRequest;
  readonly container: string | undefined;
  readonly now: Date;
}

/** A later PUT without startTime keeps the old start and last execution, as App Service does. */
const merged = (
  site: SiteId,
  old: BackupConfiguration | undefined,
  { request, container, now }: Given,
): BackupConfiguration => {
  const kept = container ?? old?.container;
  const newSchedule = request.schedule && {
    ...request.schedule,
    startTime: request.schedule.startTime ?? old?.schedule?.startTime ?? now.toISOString(),
    ...(old?.schedule?.lastExecutionTime === undefined ? {} : { lastExecutionTime: old.schedule.lastExecutionTime }),
  };
  const problem = newSchedule && scheduleProblem(newSchedule);
  if (problem !== undefined) throw refuse("InvalidField", problem);
  const schedule = newSchedule ?? old?.schedule;
  return {
    site: siteKey(site),
    backupName: request.backupName ?? old?.backupName ?? site.name,
    enabled: request.enabled ?? old?.enabled ?? true,
    ...(kept === undefined ? {} : { container: kept }),
    ...(schedule === undefined ? {} : { schedule }),
  };
};

export const getBackupConfiguration =
  (deps: Installation) =>
  async (_call: Call, id: SiteId): Promise<BackupConfiguration> => {
    await findSite(deps, id);
    const configuration = await readConfiguration(deps, id);
    if (configuration === undefined) throw configurationNotFound(id);
    return configuration;
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

/** Deleting what is not there is not an error: clients call this to make sure. */
export const deleteBackupConfiguration =
  (deps: Installation) =>
  async (call: Call, id: SiteId): Promise<void> => {
    await findSite(deps, id);
    await deps.catalog.write(schedulePartition, [{ kind: "remove", key: configurationKey(id) }]);
    await markSite(deps.catalog, id);
    call.log.info("backup configuration deleted", { site: siteLabel(id), caller: call.caller });
  };
