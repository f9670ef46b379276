import { ConnectionStringInvalid } from "../../domain/connections/connection-string-invalid.ts";
import { parseConnectionString } from "../../domain/connections/connection-string.ts";
import { DatabaseFailure, engineOf, type DatabaseConnection, type DatabaseReference } from "../../domain/database.ts";
import type { Secret } from "../../domain/secret.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import { keyOf, type ConnectionStrings } from "./database-wishes.ts";

export interface WhereToLook {
  /** What came with the request or lies beside the reference. */
  readonly strings: ConnectionStrings;
  readonly configuration: SiteConfiguration;
}

/**
 * How a database is reached: by the connection string that came with it, else by the site's own of the name it gives, else
 * by one that is called as it is. Throws DatabaseFailure.
 */
export const connectionOf = (database: DatabaseReference, where: WhereToLook): DatabaseConnection => {
  const found = connectionStringOf(database, where);
  try {
    return parseConnectionString(found, engineOf(database.type));
  } catch (error) {
    if (!(error instanceof ConnectionStringInvalid)) throw error;
    throw undescribed(database, `Its connection string cannot be used. ${error.message}`);
  }
};

/** The connection string itself, as `connectionOf` finds it. */
export const connectionStringOf = (database: DatabaseReference, { strings, configuration }: WhereToLook): Secret => {
  const given = strings.get(keyOf(database));
  if (given !== undefined) return given;
  const name = database.connectionStringName ?? database.name;
  const own = Object.entries(configuration.connectionStrings).find(([key]) => key.toLowerCase() === name.toLowerCase());
  if (own !== undefined) return own[1].value;
  throw undescribed(
    database,
    database.connectionStringName === undefined
      ? "Nothing says how to reach it. Give its connectionString, or the connectionStringName of one of the site's."
      : `The site has no connection string "${name}". Give its connectionString, or the name of one that the site has.`,
  );
};

const undescribed = ({ name }: DatabaseReference, reason: string): DatabaseFailure =>
  new DatabaseFailure("NotDescribed", `The database ${name}: ${reason}`);
