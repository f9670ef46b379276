import type { Secret } from "../../domain/secret.ts";

/** A token of Microsoft Entra ID for whoever Lifeboat is; `scope` names the kind of server. */
export type EntraToken = (scope: string) => Promise<Secret>;

/** Azure Database for PostgreSQL and for MySQL take it in the place of a password. */
export const openSourceDatabasesScope = "https://ossrdbms-aad.database.windows.net/.default";

/** Azure SQL. */
export const sqlServerScope = "https://database.windows.net/.default";
