import { join } from "node:path";
import { findToolIn } from "../adapters/databases/find-tool.ts";
import { mysqlTool } from "../adapters/databases/mysql/mysql-tool.ts";
import { postgresTool } from "../adapters/databases/postgresql/postgres-tool.ts";
import { reachableTool } from "../adapters/databases/reachable-tool.ts";
import { sqlServerTool } from "../adapters/databases/sql-server/sql-server-tool.ts";
import { tediousClient } from "../adapters/databases/sql-server/tedious-client.ts";
import { ownIdentity } from "../adapters/destination/own-identity.ts";
import type { Config } from "../config.ts";
import { Secret } from "../domain/secret.ts";
import type { DatabaseTools } from "../ports/database-tool.ts";
import type { Machine } from "../ports/machine.ts";

const token = async (scope: string): Promise<Secret> => {
  const given = await (await ownIdentity()).getToken(scope);
  if (given === null) throw new Error("The identity gave no token.");
  return new Secret(given.token);
};

export const databaseTools = (config: Pick<Config, "databaseTools" | "dataFolder">): DatabaseTools => {
  const needs = { findTool: findToolIn(config.databaseTools), token };
  const workFolder = join(config.dataFolder, "work");
  return {
    PostgreSql: reachableTool(postgresTool(needs)),
    MySql: reachableTool(mysqlTool(needs)),
    SqlServer: reachableTool(sqlServerTool({ ...needs, sql: tediousClient(token), workFolder })),
  };
};

const programs = [
  { engine: "PostgreSQL", name: "pg_dump" },
  { engine: "PostgreSQL", name: "pg_restore" },
  { engine: "MySQL or MariaDB", name: "mysqldump or mariadb-dump" },
  { engine: "SQL Server", name: "sqlpackage" },
] as const;

/** Which of the vendors' programs are on this machine, for whoever asks whether all is well. */
export const programsHere = (config: Pick<Config, "databaseTools">): Machine["databaseTools"] => {
  const findTool = findToolIn(config.databaseTools);
  return () =>
    programs.map((program) => ({
      ...program,
      path: program.name
        .split(" or ")
        .map(findTool)
        .find((path) => path !== undefined),
    }));
};
