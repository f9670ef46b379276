import { DatabaseFailure, databaseLabel, engineOf, type DatabaseConnection } from "../../domain/database.ts";
import type { DatabaseCheck } from "../../ports/database-tool.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { WantedDatabase } from "./archived-databases.ts";
import { connectionOf, type WhereToLook } from "../databases/database-connection.ts";
import type { Installation } from "../installation.ts";

/** What a restore would do with one database. */
export interface PlannedDatabase {
  readonly wanted: WantedDatabase;
  /** `shop on db.example.com`; absent when nothing says where it is. */
  readonly target?: string;
  readonly connection?: DatabaseConnection;
  readonly check?: DatabaseCheck;
  /** Why it cannot be restored. */
  readonly problem?: string;
}

interface PlanningDatabases extends WhereToLook {
  readonly wanted: readonly WantedDatabase[];
  readonly overwrite: boolean;
  /** The catalog knows the archive, or the caller takes it upon himself. */
  readonly isTrusted: boolean;
  /** The site's connection strings are to follow. */
  readonly adjusts: boolean;
  readonly signal: AbortSignal;
}

/** Which of the site's connection strings leads to a database; undefined when nothing tells. */
export const connectionStringNameOf = (
  { reference, connectionStringName }: WantedDatabase,
  { connectionStrings }: SiteConfiguration,
): string | undefined =>
  connectionStringName ??
  Object.keys(connectionStrings).find((name) => name.toLowerCase() === reference.name.toLowerCase());

const unnamed = ({ reference }: WantedDatabase): string =>
  `Nothing says which of the site's connection strings leads to the database ${reference.name}, so that adjustConnectionStrings could change it. Give its connectionStringName.`;

/** A dump is a program that the server runs with the rights of the connection's user. */
const untrusted = ({ reference }: WantedDatabase): string =>
  `The dump of ${reference.name} lies in an archive that the catalog does not know, and whoever wrote it decides what the server does when it is loaded. If you trust it, allow that (allowUnknownDumps, --allow-unknown-dumps), best with a user that has no rights beyond this database.`;

/** Asks every server whether its database could be restored now. Changes nothing. */
export const planDatabaseRestore = async (
  deps: Pick<Installation, "databaseTools">,
  planning: PlanningDatabases,
): Promise<readonly PlannedDatabase[]> => {
  const planned: PlannedDatabase[] = [];
  for (const wanted of planning.wanted) planned.push(await planDatabase(deps, planning, wanted));
  return withoutTwins(planned);
};

const planDatabase = async (
  deps: Pick<Installation, "databaseTools">,
  planning: PlanningDatabases,
  wanted: WantedDatabase,
): Promise<PlannedDatabase> => {
  let connection: DatabaseConnection | undefined;
  try {
    connection = connectionOf(wanted.reference, planning);
    const target = databaseLabel(connection);
    const check = await deps.databaseTools[engineOf(wanted.reference.type)].check(connection, "load", planning.signal);
    if (!planning.isTrusted) return { wanted, target, connection, check, problem: untrusted(wanted) };
    if (planning.adjusts && connectionStringNameOf(wanted, planning.configuration) === undefined)
      return { wanted, target, connection, check, problem: unnamed(wanted) };
    const isTaken = check.content === "present" && !planning.overwrite;
    const problem = `The database ${target} is not empty, and overwrite is false. Set overwrite to true, or name another database.`;
    return { wanted, target, connection, check, ...(isTaken ? { problem } : {}) };
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    return { wanted, ...(connection && { target: databaseLabel(connection), connection }), problem: error.message };
  }
};

/** Two dumps into one database would leave the second. */
const withoutTwins = (planned: readonly PlannedDatabase[]): readonly PlannedDatabase[] =>
  planned.map((one, place) => {
    const twin = planned.slice(0, place).find(({ target }) => target !== undefined && target === one.target);
    const problem = `The database ${one.target} is named for ${twin?.wanted.reference.name} already.`;
    return twin === undefined || one.problem !== undefined ? one : { ...one, problem };
  });
