import type { Backup } from "../../domain/backup.ts";
import { Refusal } from "../../domain/errors.ts";
import { isInAppMysql } from "../../domain/connections/in-app-mysql.ts";
import type { SiteId } from "../../domain/site.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import { configuredDatabases } from "./configured-databases.ts";
import { checkWishes, keepDatabases, type DatabaseWish } from "./database-wishes.ts";
import type { Installation } from "../installation.ts";
import { backupKey } from "../rows/keys.ts";
import { readConfigurationRow } from "../rows/schedule-rows.ts";

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

/**
 * The databases that a backup shall contain: the request's, or where it names none the configuration's; and the site's own
 * MySQL in-app, which nobody has to name.
 */
export const databasesToBackUp = async (
  deps: Pick<Installation, "catalog" | "sealer" | "hosts">,
  site: SiteId,
  request: DatabaseRequest,
): Promise<WantedDatabases> => {
  const configured = (await readConfigurationRow(deps.catalog, site))?.configuration;
  const named = request.databases ?? (configured && (await configuredDatabases(deps, configured))) ?? [];
  checkWishes(named);
  const wishes = [...named, ...(await inAppDatabases(deps, site, named))];
  return { wishes, continueOnError: request.continueOnDatabaseError ?? configured?.continueOnDatabaseError ?? false };
};

const inAppDatabases = async (
  { hosts }: Pick<Installation, "hosts">,
  site: SiteId,
  named: readonly DatabaseWish[],
): Promise<readonly DatabaseWish[]> => {
  const connectionStrings = await ownConnectionStrings(hosts, site);
  return Object.entries(connectionStrings)
    .filter(([name, { type }]) => isInAppMysql(name, type) && !named.some((wish) => isCalled(wish, name)))
    .map(([name]) => ({ type: "LocalMySql", name, connectionStringName: name }));
};

/** None where the site has no place: its backup will say so. */
const ownConnectionStrings = async (
  hosts: Installation["hosts"],
  site: SiteId,
): Promise<SiteConfiguration["connectionStrings"]> => {
  try {
    return (await (await hosts.host(site)).settings.read()).connectionStrings;
  } catch (error) {
    if (error instanceof Refusal && error.code === "SiteNotFound") return {};
    throw error;
  }
};

const isCalled = ({ name, connectionStringName }: DatabaseWish, wanted: string): boolean =>
  [name, connectionStringName].some((one) => one?.toLowerCase() === wanted.toLowerCase());

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
