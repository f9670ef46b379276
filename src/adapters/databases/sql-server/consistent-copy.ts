import { setTimeout } from "node:timers/promises";
import { DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import { identifier, literal, textOf, type SqlClient } from "./sql-client.ts";
import { sqlServerFailure } from "./sql-server-failure.ts";

export interface CopyWork {
  readonly sql: SqlClient;
  readonly connection: DatabaseConnection;
  readonly signal: AbortSignal;
}

/** Azure SQL Database copies, other editions take snapshots; a managed instance can do neither. */
const engineEditions = { azure: 5, managedInstance: 8 } as const;

export const asked = async ({ sql, connection, signal }: CopyWork, database: string, query: string) => {
  try {
    return await sql(connection, { database, sql: query, signal });
  } catch (error) {
    throw sqlServerFailure(error, connection);
  }
};

export const engineEdition = async (work: CopyWork): Promise<number> => {
  const [row] = await asked(
    work,
    work.connection.database,
    "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int) AS edition",
  );
  return Number(row?.["edition"]);
};

/**
 * Makes a copy of one moment called `copy`: SqlPackage reads table after table, and so no moment at all of a database that
 * is written. Undefined, or why there can be none.
 */
export const makeConsistentCopy = async (work: CopyWork, copy: string): Promise<string | undefined> => {
  const edition = await engineEdition(work);
  if (edition === engineEditions.managedInstance)
    return "a managed instance makes neither copies nor snapshots of a database.";
  try {
    if (edition === engineEditions.azure) await copyInAzure(work, copy);
    else await takeSnapshot(work, copy);
    return undefined;
  } catch (error) {
    if (!(error instanceof DatabaseFailure) || error.kind !== "NotAllowed") throw error;
    return "its user may make no copy (Azure SQL: the role dbmanager in master; SQL Server: CREATE ANY DATABASE).";
  }
};

const copyInAzure = async (work: CopyWork, copy: string): Promise<void> => {
  const { database } = work.connection;
  await asked(work, "master", `CREATE DATABASE ${identifier(copy)} AS COPY OF ${identifier(database)}`);
  for (;;) {
    const [row] = await asked(
      work,
      "master",
      `SELECT state_desc AS state FROM sys.databases WHERE name = ${literal(copy)}`,
    );
    const state = textOf(row?.["state"]);
    if (state === "ONLINE") return;
    if (state !== "COPYING" && state !== "RECOVERING")
      throw new DatabaseFailure(
        "ToolFailed",
        `The copy of the database ${database} ended as ${state === "" ? "gone" : state}.`,
      );
    await setTimeout(pollMs, undefined, { signal: work.signal });
  }
};

const pollMs = 5_000;

/** A sparse file beside each data file; the server's account must be able to write there, as it did for the others. */
const takeSnapshot = async (work: CopyWork, copy: string): Promise<void> => {
  const { database } = work.connection;
  const files = await asked(
    work,
    database,
    "SELECT name, physical_name AS path FROM sys.database_files WHERE type = 0 ORDER BY file_id",
  );
  const parts = files.map((file, index) => {
    const path = `${textOf(file["path"])}.${copy}.${index}.ss`;
    return `(NAME = ${identifier(textOf(file["name"]))}, FILENAME = ${literal(path)})`;
  });
  await asked(
    work,
    "master",
    `CREATE DATABASE ${identifier(copy)} ON ${parts.join(", ")} AS SNAPSHOT OF ${identifier(database)}`,
  );
};
