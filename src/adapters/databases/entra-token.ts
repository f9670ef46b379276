import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../domain/database.ts";
import type { Secret } from "../../domain/secret.ts";

/** A token of Microsoft Entra ID for whoever Lifeboat is; `scope` names the kind of server. */
export type EntraToken = (scope: string) => Promise<Secret>;

/** What Azure's servers take in the place of a password. */
export const databaseToken = async (token: EntraToken, connection: DatabaseConnection): Promise<Secret> => {
  const server = connection.engine === "SqlServer" ? "database" : "ossrdbms-aad.database";
  try {
    return await token(`https://${server}.windows.net/.default`);
  } catch (error) {
    const reason = `No Entra token could be had to log in to ${databaseLabel(connection)}. Give Lifeboat an identity, or the connection string a password.`;
    throw new DatabaseFailure("LoginRefused", reason, { cause: error });
  }
};
