import { recoveryContext } from "../../domain/recovery-context.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import {
  alarmSettingsKey,
  backupPrefix,
  configurationBeforePrefix,
  configurationPrefix,
  credentialsPartition,
  loadedDatabasePrefix,
  operationPrefix,
  schedulePartition,
} from "./keys.ts";

/** What a container's credential is sealed for. `key` is the row's. */
export const credentialContext = (key: string): string => `credential ${key}`;
/** What the settings that a restore run replaced are sealed for. */
export const configurationBeforeContext = (run: string): string => `configuration before ${run}`;
/** What addresses and secrets of a site's alarms are sealed for. */
export const alarmsContext = (site: SiteId, field: "webhook" | "webhook secret" | "heartbeat"): string =>
  `${field} of alarms of ${siteKey(site)}`;

/** What the connection strings of the databases that a row names are sealed for. */
export const databaseSecretsContext = (key: string): string => `connection strings ${key}`;

/** Where sealed text lies in the catalog: rows of one partition, or of every site's, and the field that holds it. */
export type SealedField = {
  readonly prefix?: string;
  /** With dots where it lies deeper. */
  readonly field: string;
} & (
  | {
      readonly partition: string;
      /** What the field of the row with this key was sealed for. */
      readonly contextOf: (key: string) => string;
    }
  | {
      /** Absent: the partition of each site. */
      readonly partition?: undefined;
      readonly contextOf: (key: string, site: SiteId) => string;
    }
);

/** All of it: what is missing here stays sealed with a key that people believe to be replaced. */
export const sealedFields: readonly SealedField[] = [
  { partition: credentialsPartition, field: "sealed", contextOf: credentialContext },
  {
    prefix: operationPrefix,
    field: "recoveryKey",
    contextOf: (key) => recoveryContext(key.slice(operationPrefix.length)),
  },
  {
    prefix: configurationBeforePrefix,
    field: "sealed",
    contextOf: (key) => configurationBeforeContext(key.slice(configurationBeforePrefix.length)),
  },
  { prefix: alarmSettingsKey, field: "webhook.url", contextOf: (_, site) => alarmsContext(site, "webhook") },
  { prefix: alarmSettingsKey, field: "webhook.secret", contextOf: (_, site) => alarmsContext(site, "webhook secret") },
  { prefix: alarmSettingsKey, field: "heartbeat", contextOf: (_, site) => alarmsContext(site, "heartbeat") },
  { prefix: backupPrefix, field: "databaseSecrets", contextOf: databaseSecretsContext },
  { prefix: operationPrefix, field: "databaseSecrets", contextOf: databaseSecretsContext },
  { prefix: loadedDatabasePrefix, field: "databaseSecrets", contextOf: databaseSecretsContext },
  {
    partition: schedulePartition,
    prefix: configurationPrefix,
    field: "databaseSecrets",
    contextOf: databaseSecretsContext,
  },
];
