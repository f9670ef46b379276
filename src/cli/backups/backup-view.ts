import { showBytes } from "../../domain/show-bytes.ts";
import type { Answer } from "../service/answer.ts";

/** A backup as commands tell it; also its JSON, whose members stay. */
export interface BackupView {
  readonly site: string;
  readonly id: number;
  readonly name: string;
  readonly blobName: string;
  readonly status: string;
  /** Blank where nobody can read it. */
  readonly created: string;
  readonly finished: string | null;
  /** Of the archive. */
  readonly sizeBytes: number;
  /** Of the files that were backed up. */
  readonly siteBytes: number | null;
  /** Of the dumps before packing; null without any, or where nobody noted it. */
  readonly databaseBytes: number | null;
  readonly scheduled: boolean;
  readonly expires: string | null;
  readonly lastRestored: string | null;
  /** When its archive was found damaged. */
  readonly damaged: string | null;
  /** There was nothing left of what the site serves. */
  readonly emptied: boolean;
  /** The catalog has it, and cannot say more of it than its number. */
  readonly unreadable: boolean;
  readonly databases: readonly BackedUpDatabase[];
  readonly log: string | null;
}

export interface BackedUpDatabase {
  readonly databaseType: string;
  readonly name: string;
  readonly connectionStringName: string | null;
}

/** From the item of a list, or a single one. */
export const backupView = (site: string, item: Answer): BackupView => {
  const properties = item.object("properties");
  return {
    site,
    id: properties.number("id"),
    name: properties.textOr("name", ""),
    blobName: properties.textOr("blobName", ""),
    status: properties.text("status"),
    created: properties.textOr("created", ""),
    finished: properties.textOr("finishedTimeStamp", null),
    sizeBytes: properties.numberOr("sizeInBytes", 0),
    siteBytes: properties.numberOr("websiteSizeInBytes", null),
    databaseBytes: properties.numberOr("databaseSizeInBytes", null),
    scheduled: properties.flag("scheduled"),
    expires: properties.textOr("expires", null),
    lastRestored: properties.textOr("lastRestoreTimeStamp", null),
    damaged: properties.textOr("damaged", null),
    emptied: properties.flag("emptied"),
    unreadable: properties.flag("unreadable"),
    databases: properties.has("databases") ? properties.list("databases").map(backedUpDatabase) : [],
    log: properties.textOr("log", null),
  };
};

export const backedUpDatabase = (item: Answer): BackedUpDatabase => ({
  databaseType: item.text("databaseType"),
  name: item.text("name"),
  connectionStringName: item.textOr("connectionStringName", null),
});

/** What is in it, before packing; null while nobody knows. */
export const contentsText = ({ siteBytes, databaseBytes, databases }: BackupView): string | null => {
  if (siteBytes === null) return null;
  if (databases.length === 0) return showBytes(siteBytes);
  const files = `${showBytes(siteBytes)} of files`;
  return databaseBytes === null ? files : `${files} and ${showBytes(databaseBytes)} of databases`;
};

export const isRestorable = ({ status }: Pick<BackupView, "status">): boolean =>
  status === "Succeeded" || status === "PartiallySucceeded";

export const isUnderWay = (status: string): boolean =>
  status === "Created" || status === "InProgress" || status === "DeleteInProgress";
