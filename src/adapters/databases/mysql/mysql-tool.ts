import { ownDatabasePrefix, type DatabaseConnection } from "../../../domain/database.ts";
import type { DatabaseTool } from "../../../ports/database-tool.ts";
import { checkDatabase } from "./check.ts";
import { dumpDatabase } from "./dump.ts";
import { dropDatabase, switchBack, switchIn } from "./exchange.ts";
import { loadDatabase } from "./load.ts";
import { openSession, type MySqlNeeds } from "./session.ts";

/** MySQL and MariaDB, by `mysqldump` or `mariadb-dump` and the client program that comes with it. */
export const mysqlTool = (needs: MySqlNeeds): DatabaseTool => {
  const open = (connection: DatabaseConnection, signal: AbortSignal = new AbortController().signal) =>
    openSession(needs, connection, signal);
  return {
    engine: "MySql",
    check: async (connection, purpose, signal) => checkDatabase(await open(connection, signal), purpose),
    async *dump(connection, work) {
      yield* dumpDatabase(await open(connection, work.signal), work);
    },
    load: async (connection, { scratch, dump, signal }) => loadDatabase(await open(connection, signal), scratch, dump),
    switchIn: async (connection, exchanged) => switchIn(await open(connection), exchanged),
    switchBack: async (connection, exchanged) => switchBack(await open(connection), exchanged),
    async drop(connection, own) {
      if (!own.startsWith(ownDatabasePrefix)) throw new Error(`${own} is not Lifeboat's to drop.`);
      await dropDatabase(await open(connection), own);
    },
    async listOwn(connection) {
      const session = await open(connection);
      const rows = await session.rows({ sql: "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA" });
      return rows.map(([own = ""]) => own).filter((own) => own.startsWith(ownDatabasePrefix));
    },
  };
};
