import type { Backup } from "../domain/backup.ts";
import type { SiteId } from "../domain/site.ts";
import { configuredDatabases } from "./configured-databases.ts";
import { checkWishes, keepDatabases, type DatabaseWish } from "./database-wishes.ts";
import type { Installation } from "./installation.ts";
import { backupKey } from "./rows/keys.ts";
import { readConfigurationRow } from "./rows/schedule-rows.ts";

/** What a request for a backup says of databases. */
export interface DatabaseRequest {
  /** Absent: those of the site's backup configuration. */
  readonly databases?: readonly DatabaseWish[];
  /** Own extension: a database that cannot be dumped makes the backup PartiallySucceeded instead of Failed. */
  readonly continueOnDatabaseError?: boolean;
}

export interface WantedDatabases {
  readonly wishes: readonly DatabaseWish[];
  readonly continueOnError: boolean;
}

/** The databases that a backup shall contain: the request's, or where it names none the configuration's. */
export const databasesToBackUp = async (
  deps: Pick<Installation, "catalog" | "sealer">,
  site: SiteId,
  request: DatabaseRequest,
): Promise<WantedDatabases> => {
  const configured = (await readConfigurationRow(deps.catalog, site))?.configuration;
  const wishes = request.databases ?? (configured && (await configuredDatabases(deps, configured))) ?? [];
  checkWishes(wishes);
  return { wishes, continueOnError: request.continueOnDatabaseError ?? configured?.continueOnDatabaseError ?? false };
};

/** What of it stands in the backup with this id. */
export const databaseFields = async (
  deps: Pick<Installation, "sealer">,
  id: number,
  { wishes, continueOnError }: WantedDatabases,
): Promise<Pick<Backup, "databases" | "databaseSecrets" | "continueOnDatabaseError">> =>
  wishes.length === 0
    ? {}
    : {
        ...(await keepDatabases(deps, backupKey(id), { wishes, before: new Map() })),
        ...(continueOnError ? { continueOnDatabaseError: true } : {}),
      };
