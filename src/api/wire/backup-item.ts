import { statusNumber, zipName, type Backup } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteLabel, siteResourceId } from "../../domain/site.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { databasesReply } from "./databases.ts";
import { siteEnvelope } from "./site.ts";

/** 2015-08-01 and older speak in numbers; newer ones in names. */
const speaksNumbers = (apiVersion: string): boolean => apiVersion < "2016-01-01";
/** 2016-08-01 and older know `name` only. */
const knowsBackupName = (apiVersion: string): boolean => apiVersion >= "2018-01-01";

interface Shown {
  readonly site: SiteDefinition;
  readonly backup: Backup;
  readonly apiVersion: string;
  /** Only where the operation may show it; GETs never do. */
  readonly storageAccountUrl?: Secret | undefined;
}

const itemProperties = ({ backup, apiVersion, storageAccountUrl }: Shown, blobName: string) => ({
  id: backup.id,
  storageAccountUrl: storageAccountUrl?.reveal() ?? "",
  blobName,
  name: backup.name,
  ...(knowsBackupName(apiVersion) ? { backupName: backup.name } : {}),
  status: speaksNumbers(apiVersion) ? statusNumber[backup.status] : backup.status,
  sizeInBytes: backup.sizeBytes,
  created: backup.created,
  log: backup.log ?? (backup.finished === undefined ? null : ""),
  databases: databasesReply(backup.databases),
  scheduled: backup.scheduled,
  correlationId: backup.correlationId,
  websiteSizeInBytes: backup.siteBytes ?? null,
  ...(backup.databaseBytes === undefined ? {} : { databaseSizeInBytes: backup.databaseBytes }),
  ...(backup.finished === undefined ? {} : { finishedTimeStamp: backup.finished }),
  ...(backup.lastRestored === undefined ? {} : { lastRestoreTimeStamp: backup.lastRestored }),
  ...(backup.expires === undefined ? {} : { expires: backup.expires }),
  ...(backup.damaged === undefined ? {} : { damaged: backup.damaged }),
  ...(backup.served === "gone" ? { emptied: true } : {}),
});

const started = (backup: Backup): string => (backup.status === "Created" ? backup.blobBase : zipName(backup.blobBase));

/** As the list and GET tell it. ARM gives a single item the site's type. */
export const backupItem = (shown: Shown, kind: "listed" | "single") => ({
  id: `${siteResourceId(shown.site.id)}/backups/${shown.backup.id}`,
  name: String(shown.backup.id),
  type: kind === "listed" ? "Microsoft.Web/sites/backups" : "Microsoft.Web/sites",
  location: shown.site.location,
  properties: itemProperties(shown, started(shown.backup)),
});

/** In the list only, as a backup that nobody can restore: clients know no better word for one of which nothing is known. */
export const unreadableItem = ({
  site,
  id,
  apiVersion,
}: Pick<Shown, "site" | "apiVersion"> & { readonly id: number }) => ({
  id: `${siteResourceId(site.id)}/backups/${id}`,
  name: String(id),
  type: "Microsoft.Web/sites/backups",
  location: site.location,
  properties: {
    id,
    storageAccountUrl: "",
    blobName: "",
    name: "",
    ...(knowsBackupName(apiVersion) ? { backupName: "" } : {}),
    status: speaksNumbers(apiVersion) ? statusNumber.Failed : "Failed",
    sizeInBytes: 0,
    created: null,
    log: refuse("BackupUnreadable", { backup: id, site: siteLabel(site.id) }).message,
    databases: null,
    scheduled: false,
    correlationId: "",
    websiteSizeInBytes: null,
    unreadable: true,
  },
});

/** As POST backup and DELETE tell it: in the site's own envelope, and the blob's name without ".zip" at first. */
export const backupInSite = (shown: Shown) => ({
  ...siteEnvelope(shown.site),
  properties: itemProperties(shown, started(shown.backup)),
});
