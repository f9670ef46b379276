import type { DatabaseType } from "../../domain/database.ts";
import type { Secret } from "../../domain/secret.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";

/** A restored database, the site's connection string that leads to it, and how it was reached. */
export interface AdjustedDatabase {
  readonly name: string;
  readonly type: DatabaseType;
  readonly connectionStringName: string;
  readonly connectionString: Secret;
}

/** As App Service calls them. */
const typeOf: Readonly<Record<DatabaseType, string>> = {
  SqlAzure: "SQLAzure",
  MySql: "MySql",
  LocalMySql: "MySql",
  PostgreSql: "PostgreSQL",
};

/** The configuration with the connection strings of restored databases as these were reached, and what a person is told of it. */
export const adjustedConnectionStrings = (
  configuration: SiteConfiguration,
  databases: readonly AdjustedDatabase[],
): { readonly configuration: SiteConfiguration; readonly lines: readonly string[] } => {
  const connectionStrings = { ...configuration.connectionStrings };
  const lines = databases.flatMap(({ name, type, connectionStringName, connectionString }) => {
    const wanted = connectionStringName.toLowerCase();
    const key = Object.keys(connectionStrings).find((one) => one.toLowerCase() === wanted) ?? connectionStringName;
    const before = connectionStrings[key];
    if (before?.value.reveal() === connectionString.reveal()) return [];
    connectionStrings[key] = { value: connectionString, type: before?.type ?? typeOf[type] };
    return [`The connection string ${key} leads to the restored database ${name} now.`];
  });
  return { configuration: { ...configuration, connectionStrings }, lines };
};
