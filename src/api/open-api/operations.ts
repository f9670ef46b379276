import type * as z from "zod";
import * as models from "./models.ts";

/** What the description says of a route besides what its table says. */
export interface Described {
  readonly summary: string;
  readonly request?: z.ZodType;
  /** The body of 200; of 201 where `created`. */
  readonly reply?: z.ZodType;
  readonly created?: true;
  /** 202 with a Location first, and the reply at its end. */
  readonly takesTime?: true;
  /** No JSON. */
  readonly content?: string;
  /** The request is a form. */
  readonly form?: true;
  readonly query?: readonly string[];
}

const paging = ["$top", "$skipToken"];

/** By the route's name. The summaries are those of docs/api.md (tested). */
export const described: Readonly<Record<string, Described>> = {
  listSubscriptions: {
    summary: "subscriptions that sites lie in; clients ask when they log in",
    reply: models.subscriptionPage,
  },
  getSubscription: { summary: "one of them", reply: models.subscription },
  listTenants: { summary: "one tenant, the same for all", reply: models.tenantPage },
  getProvider: { summary: "what can lie in a subscription, and in which locations", reply: models.provider },
  listDeletedSites: {
    summary: "an empty page: a site that is gone is restored from its backups",
    reply: models.emptyPage,
  },
  listDeletedSitesByLocation: { summary: "the same", reply: models.emptyPage },
  listSites: {
    summary: "sites of a subscription, as a page; slots are not among them",
    reply: models.sitePage,
    query: paging,
  },
  listSitesByResourceGroup: { summary: "those of one resource group", reply: models.sitePage, query: paging },
  listSlots: { summary: "the slots of a site, as a page", reply: models.sitePage, query: paging },
  getSite: { summary: "the site", reply: models.site },
  getSiteConfiguration: { summary: "an envelope: PowerShell asks before a restore", reply: models.settings },
  listApplicationSettings: { summary: "app settings; below admin only their names", reply: models.settings },
  listConnectionStrings: { summary: "connection strings; below admin only names and types", reply: models.settings },
  listStorageAccounts: { summary: "none: sites are directories here", reply: models.settings },
  listPublishingProfiles: {
    summary: "a profile that publishes nowhere: az webapp show asks",
    content: "application/xml",
  },
  createBackup: {
    summary: "backs the site up now: 200 at once with status Created; poll getBackup",
    request: models.backupRequest,
    reply: models.backupItem,
  },
  listBackups: { summary: "all backups, oldest first; deleted ones vanish", reply: models.backupPage, query: paging },
  listSiteBackups: { summary: "the same by POST", reply: models.backupPage, query: paging },
  listSiteBackupsNext: {
    summary: "the same, for clients that follow its nextLink by GET",
    reply: models.backupPage,
    query: paging,
  },
  getBackup: { summary: "one backup; log says why it failed or what it lacks", reply: models.backupItem },
  deleteBackup: { summary: "deletes its blobs; a running backup is cancelled by it", reply: models.backupItem },
  listBackupSecrets: {
    summary: "one backup with its SAS URL; a URL in the body replaces the stored SAS",
    request: models.backupRequest,
    reply: models.backupItem,
  },
  discoverBackup: {
    summary: "what lies in a container, written by whomever; the site need not exist",
    request: models.discoverRequest,
    reply: models.discovery,
  },
  discoverBackups: {
    summary: "the same at the path of 2016 and before",
    request: models.discoverRequest,
    reply: models.discovery,
  },
  getProgress: { summary: "how far a backup is", reply: models.progress },
  putBackupConfiguration: {
    summary: "schedule, retention and container; checked and stored, and answered as stored",
    request: models.configurationRequest,
    reply: models.configuration,
  },
  listBackupConfigurationSecrets: {
    summary: "the configuration, for admins with its SAS URL",
    reply: models.configuration,
  },
  getBackupConfiguration: { summary: "the configuration without its secret", reply: models.configuration },
  deleteBackupConfiguration: { summary: "removes it: 200, also when there is none" },
  restoreBackup: {
    summary: "restores by storageAccountUrl + blobName: 202; the id counts only where no blob is named",
    request: models.restoreRequest,
    reply: models.site,
    takesTime: true,
  },
  restoreFromBackupBlob: {
    summary: "the same without an id",
    request: models.restoreRequest,
    reply: models.site,
    takesTime: true,
  },
  undoRestore: { summary: "puts back what the last restore replaced: 202", reply: models.site, takesTime: true },
  verifyBackup: {
    summary: "reads the whole archive and tells what is damaged: 202",
    request: models.verifyRequest,
    takesTime: true,
  },
  getOperationResult: {
    summary: "the Location of a 202: 202 while it runs, then 200; 409 when it failed",
    takesTime: true,
  },
  getOperation: { summary: "an operation with status, log and progress, always 200", reply: models.operation },
  cancelOperation: {
    summary: "cancels a restore, an undo or a verify: 200 at once; the site ends as it was before",
    reply: models.operation,
  },
  planRestore: {
    summary: "what a restore would write, replace, remove and keep",
    request: models.restoreRequest,
    reply: models.plannedRestore,
    query: ["show", "limit"],
  },
  planRestoreFromBackupBlob: {
    summary: "the same without an id",
    request: models.restoreRequest,
    reply: models.plannedRestore,
    query: ["show", "limit"],
  },
  planBackup: {
    summary: "what a backup would hold and leave out, by which line of the filter",
    reply: models.plannedBackup,
    query: ["show", "elsewhere", "limit", "after"],
  },
  browseBackup: { summary: "a folder of a backup", reply: models.browsedPage, query: ["path", "limit", "after"] },
  readBackupFile: {
    summary: "one file of a backup, also in ranges",
    content: "application/octet-stream",
    query: ["path"],
  },
  downloadBackup: {
    summary: "a selection of a backup as zip or tar.gz",
    content: "application/octet-stream",
    query: ["path", "format"],
  },
  listKeys: { summary: "the API keys of the installation, without their secrets", reply: models.keyPage },
  getKey: { summary: "one of them", reply: models.key },
  createKey: {
    summary: "makes a key, and tells its secret this once: 201",
    request: models.keyRequest,
    reply: models.key,
    created: true,
  },
  revokeKey: { summary: "200; 204 when there is none" },
  listSiteStates: {
    summary: "every site, slots too, with what runs on it and what there is to go back to",
    query: ["name"],
  },
  getSiteDescription: { summary: "the directories of a site" },
  describeSite: { summary: "makes a site of directories that are there: 201", created: true },
  forgetSite: { summary: "forgets the site; its files and its backups stay: 200; 204 when nothing of it was known" },
  putAlarms: {
    summary: "who hears of the site's failed, partial and missing backups and failed restores; see alarms.md",
  },
  getAlarms: { summary: "the same without addresses that may hold secrets" },
  deleteAlarms: { summary: "only the installation's own alarms are left: 200, also when there were none" },
  testAlarms: { summary: "sends a test everywhere at once and tells who took it" },
  testInstallationAlarms: { summary: "the same for the installation's own channels" },
  isReady: {
    summary: "200 when the store can be written and the sweep ran in the last 3 minutes, else 503; no version needed",
  },
  getMetrics: { summary: "Prometheus' text form; no version needed", content: "text/plain" },
  isAlive: { summary: '{"status":"alive"}' },
  getOpenApi: { summary: "this API as OpenAPI 3.1" },
  getMetadata: { summary: "the endpoints of this cloud, for az cloud register" },
  getOpenIdConfiguration: { summary: "where to log in: an authority in the form of AD FS" },
  getTenantOpenIdConfiguration: { summary: "the same" },
  getTokenKeys: { summary: "none: nobody but Lifeboat reads its tokens" },
  getToken: {
    summary: "OAuth's client credentials: the id as client_id, the secret as client_secret, or both as Basic",
    request: models.tokenForm,
    form: true,
    reply: models.token,
  },
  getIdentityToken: {
    summary: "a managed identity's endpoint: the secret in X-IDENTITY-HEADER or secret, or id and secret as Basic",
    reply: models.token,
    query: ["resource"],
  },
  postIdentityToken: { summary: "the same for clients that post", reply: models.token },
  compareBackup: { summary: "what another backup, or the live site, has otherwise" },
  listSiteDatabases: {
    summary: "databases that the site's connection strings lead to, and whether each could be backed up",
  },
  checkInstallation: { summary: "stores, disks, tools, sites: what is wrong, and what to do about it" },
};
