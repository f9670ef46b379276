import {
  configuredContainerUrl,
  deleteBackupConfiguration,
  getBackupConfiguration,
  putBackupConfiguration,
  type ShownConfiguration,
} from "../../operations/backups/backup-configuration.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import { configuredDatabases } from "../../operations/databases/configured-databases.ts";
import { createBackup } from "../../operations/backups/create-backup.ts";
import { deleteBackup } from "../../operations/backups/delete-backup.ts";
import { discoverBackups } from "../../operations/containers/discover.ts";
import type { Installation } from "../../operations/installation.ts";
import { getBackup, getProgress, listBackups } from "../../operations/backups/read-backups.ts";
import { renewBackupAccess } from "../../operations/backups/renew-backup-access.ts";
import { backupIdOf } from "../call-values.ts";
import type { Route, RouteCall } from "../handle.ts";
import { paged } from "../paged.ts";
import { empty, json } from "../response.ts";
import { backupInSite, backupItem, unreadableItem } from "../wire/backup-item.ts";
import { configurationReply, parseBackupRequest, parseConfigurationRequest } from "../wire/backup-request.ts";
import { discoverReply, parseDiscoverRequest } from "../wire/discovery.ts";
import { properties } from "../wire/lenient-json.ts";
import { progressReply } from "../wire/progress.ts";

type ConfigurationSecrets = Pick<Parameters<typeof configurationReply>[0], "storageAccountUrl" | "databases">;

const nothingShown: ConfigurationSecrets = { storageAccountUrl: undefined, databases: undefined };

/** Backups: make, list, look at, delete; and the configuration by which they are made. */
export const backupRoutes = (deps: Installation): readonly Route[] => {
  const list = async (call: RouteCall) => {
    const { site, backups, unreadable } = await listBackups(deps)(call, call.site());
    const { apiVersion } = call;
    return paged(call, {
      all: [...backups, ...unreadable.map((id) => ({ id, status: undefined }))].toSorted((a, b) => a.id - b.id),
      keyOf: ({ id }) => id,
      show: (backup) =>
        backup.status === undefined
          ? unreadableItem({ site, id: backup.id, apiVersion })
          : backupItem({ site, backup, apiVersion }, "listed"),
    });
  };
  const configuration = async (
    call: RouteCall,
    secretsOf: (found: ShownConfiguration) => Promise<ConfigurationSecrets>,
  ) => {
    const found = await getBackupConfiguration(deps)(call, call.site());
    return json(200, configurationReply({ ...found, ...(await secretsOf(found)) }));
  };
  const noSecret = async (): Promise<ConfigurationSecrets> => nothingShown;
  const secret = async ({ configuration: found }: ShownConfiguration): Promise<ConfigurationSecrets> => ({
    storageAccountUrl: await configuredContainerUrl(deps, found),
    databases: await configuredDatabases(deps, found),
  });
  /** What was asked for is done: a secret that cannot be shown is no reason to say otherwise. */
  const secretIfReadable = (call: RouteCall) => (found: ShownConfiguration) =>
    secret(found).catch((error: unknown): ConfigurationSecrets => {
      if (!(error instanceof SecretUnreadable)) throw error;
      call.log.warn("secret unreadable", { container: found.configuration.container, error });
      return nothingShown;
    });
  const discover = async (call: RouteCall) => {
    const wish = parseDiscoverRequest(await call.body());
    const discovery = await discoverBackups(deps)(call, call.site(), wish);
    return json(200, discoverReply(call.site(), { wish, discovery, showsSecrets: call.isAdmin }));
  };
  return [
    {
      name: "createBackup",
      method: "POST",
      path: "{site}/backup",
      role: "operator",
      async handle(call) {
        const request = parseBackupRequest(await call.body());
        const { site, backup, storageAccountUrl } = await createBackup(deps)(call, call.site(), request);
        call.note({ backup: backup.id, destination: backup.destination, blob: backup.blobBase });
        const shown = call.isAdmin ? storageAccountUrl : undefined;
        return json(200, backupInSite({ site, backup, apiVersion: call.apiVersion, storageAccountUrl: shown }));
      },
    },
    { name: "listBackups", method: "GET", path: "{site}/backups", role: "reader", handle: list },
    {
      name: "listSiteBackups",
      method: "POST",
      path: "{site}/listbackups",
      role: "reader",
      reads: "plain",
      handle: list,
    },
    { name: "listSiteBackupsNext", method: "GET", path: "{site}/listbackups", role: "reader", handle: list },
    {
      name: "getBackup",
      method: "GET",
      path: "{site}/backups/{backupId}",
      role: "reader",
      async handle(call) {
        const { site, backup } = await getBackup(deps)(call, call.site(), backupIdOf(call));
        return json(200, backupItem({ site, backup, apiVersion: call.apiVersion }, "single"));
      },
    },
    {
      name: "deleteBackup",
      method: "DELETE",
      path: "{site}/backups/{backupId}",
      role: "operator",
      async handle(call) {
        const { site, backup } = await deleteBackup(deps)(call, call.site(), backupIdOf(call));
        return json(200, backupInSite({ site, backup, apiVersion: call.apiVersion }));
      },
    },
    {
      name: "listBackupSecrets",
      method: "POST",
      path: "{site}/backups/{backupId}/list",
      role: "operator",
      async handle(call) {
        const storageAccountUrl = properties(await call.body()).secret("storageAccountUrl");
        const input = { backup: backupIdOf(call), showsSecret: call.isAdmin };
        const given = storageAccountUrl === undefined ? {} : { storageAccountUrl };
        const found = await renewBackupAccess(deps)(call, call.site(), { ...input, ...given });
        return json(200, backupItem({ ...found, apiVersion: call.apiVersion }, "single"));
      },
    },
    { name: "discoverBackup", method: "POST", path: "{site}/discoverbackup", role: "operator", handle: discover },
    { name: "discoverBackups", method: "POST", path: "{site}/backups/discover", role: "operator", handle: discover },
    {
      name: "getProgress",
      method: "GET",
      path: "{site}/backups/{backupId}/progress",
      role: "reader",
      async handle(call) {
        const { backup, progress } = await getProgress(deps)(call, call.site(), backupIdOf(call));
        return json(200, progressReply(backup, progress));
      },
    },
    {
      name: "putBackupConfiguration",
      method: "PUT",
      path: "{site}/config/backup",
      role: "operator",
      async handle(call) {
        const request = parseConfigurationRequest(await call.body());
        const stored = await putBackupConfiguration(deps)(call, call.site(), request);
        call.note({ enabled: stored?.enabled ?? null, destination: stored?.container ?? null });
        return configuration(call, call.isAdmin ? secretIfReadable(call) : noSecret);
      },
    },
    {
      name: "listBackupConfigurationSecrets",
      method: "POST",
      path: "{site}/config/backup/list",
      role: "reader",
      reads: "secrets",
      handle: (call) => configuration(call, call.isAdmin ? secret : noSecret),
    },
    {
      name: "getBackupConfiguration",
      method: "GET",
      path: "{site}/config/backup",
      role: "reader",
      handle: (call) => configuration(call, noSecret),
    },
    {
      name: "deleteBackupConfiguration",
      method: "DELETE",
      path: "{site}/config/backup",
      role: "operator",
      async handle(call) {
        await deleteBackupConfiguration(deps)(call, call.site());
        return empty(200);
      },
    },
  ];
};
