import { createHash } from "node:crypto";
import { siteKey, type SiteId } from "../../domain/site.ts";

/** Every partition and key of the catalog is named here, and nowhere else. */

/** The site's own row, its backups, their progress, its operations: one partition, so one batch. */
export const sitePartition = (site: SiteId): string => `site!${siteKey(site)}`;

export const siteRowKey = "site";
const padded = (id: number): string => String(id).padStart(10, "0");
export const backupPrefix = "backup!";
export const backupKey = (id: number): string => `${backupPrefix}${padded(id)}`;
export const backupOfKey = (key: string): number => Number(key.slice(backupPrefix.length));
/** Every part of a run that works at the same time tells its own progress. */
export const progressPrefix = (run: string): string => `progress!${run}!`;
export const progressKey = (run: string, part: string): string => `${progressPrefix(run)}${part}`;
/** Where alarms of the site go. */
export const alarmSettingsKey = "alarms";
/** Attempts of a run's steps that are being executed. */
export const stepPrefix = (run: string): string => `step!${run}!`;
export const stepKey = (run: string, attempt: string): string => `${stepPrefix(run)}${attempt}`;
export const operationPrefix = "operation!";
export const operationKey = (id: string): string => `${operationPrefix}${id}`;
/** What a restore run replaced, as long as it can be undone. */
export const configurationBeforePrefix = "before!";
export const configurationBeforeKey = (run: string): string => `${configurationBeforePrefix}${run}`;

/** Databases that a restore run loads beside, exchanges and keeps. */
export const loadedDatabasePrefix = "database!";
export const loadedDatabaseKey = (run: string, place: number): string =>
  `${loadedDatabasePrefix}${run}!${String(place).padStart(4, "0")}`;

/** Configurations and their due rows share one partition, so that moving the next run is one batch. */
export const schedulePartition = "schedules";
/** Changes with every due row that is added. */
export const dueVersionKey = "due-version";
export const configurationPrefix = "configuration!";
export const configurationKey = (site: SiteId): string => `${configurationPrefix}${siteKey(site)}`;
/** By time, so that what is due stands first. */
export const dueRunPrefix = "due!";
export const dueRunKey = (at: string, site: SiteId): string => `${dueRunPrefix}${at}!${siteKey(site)}`;

/** Runs that may be under way; what housekeeping looks at. */
export const openRunsPartition = "open-runs";

/** The newest valid credential seen for each container. */
export const credentialsPartition = "credentials";
export const containerKey = (container: string): string => hash(container.toLowerCase().replace(/\/+$/, ""));

/** Which backup owns a name in a container. */
export const namesPartition = (container: string): string => `names!${containerKey(container)}`;
export const nameKey = (blobBase: string): string => hash(blobBase);

/** What is known of each site's backups, news of it, and alarms on their way: one partition, so that none is lost between. */
export const watchPartition = "watch";
export const watchPrefix = "site!";
export const watchKey = (site: SiteId): string => `${watchPrefix}${siteKey(site)}`;
export const markPrefix = "mark!";
/** What news is about: a backup (0: none), or a restore or undo. */
export type NewsOf = { readonly backup: number } | { readonly operation: string };
const newsOfOperation = "operation-";
export const markKey = (site: SiteId, of: NewsOf): string =>
  `${markPrefix}${siteKey(site)}!${"backup" in of ? padded(of.backup) : `${newsOfOperation}${of.operation}`}`;
/** Of the last part of such a key. */
export const newsOf = (text: string): NewsOf =>
  text.startsWith(newsOfOperation)
    ? { operation: text.slice(newsOfOperation.length) }
    : { backup: /^\d+$/.test(text) ? Number(text) : 0 };
export const duePrefix = "due!";
export const dueKey = (time: string, site: string): string => `${duePrefix}${time}!${site}`;
export const alarmPrefix = "alarm!";
export const alarmKey = (time: string, letter: string): string => `${alarmPrefix}${time}!${letter}`;

export const digestKey = "digest";

/** How far housekeeping has come with what it does in shares. */
export const roundsPartition = "rounds";
export const retentionRoundKey = "retention";
export const purgeKey = "purge";
export const clockKey = "clock";

/** Signs of life. */
export const healthPartition = "health";
export const sweepKey = "sweep";

/** Stores of workflows that share the catalog, by their names. */
export const hubsPartition = "hubs";

/** API keys, by id. */
export const callersPartition = "callers";
export const keyPrefix = "key!";
export const keyKey = (id: string): string => `${keyPrefix}${id}`;

/** Where a list goes on behind a key: they are printable ASCII, so nothing lies between one and itself with a blank. */
export const behind = (key: string): string => `${key} `;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);
