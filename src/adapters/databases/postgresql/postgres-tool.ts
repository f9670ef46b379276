import type { DatabaseConnection } from "../../../domain/database.ts";
import type { DatabaseTool, Dumping } from "../../../ports/database-tool.ts";
import { checkDump, checkLoad } from "./check.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { load } from "./load.ts";
import { connectionInfo, patienceOf, sessionEnvironment, toolPath, watched, type PostgresNeeds } from "./session.ts";
import { dropDatabase, ownDatabases, switchBack, switchIn } from "./switch.ts";
import { toolOutput } from "../tool-process.ts";

/**
 * pg_dump's custom format, not compressed: the archive deflates it, on all cores (docs/decisions/0005). One transaction
 * reads all of it, so it is of one moment.
 */
async function* dump(
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  { signal }: Dumping,
): AsyncGenerator<Uint8Array> {
  const command = toolPath(needs, "pg_dump");
  const where = connectionInfo(connection, connection.database, false);
  const args = ["-Fc", "-Z0", "-w", `--lock-wait-timeout=${patienceOf(needs)}`, "-d", where];
  signal.throwIfAborted();
  const env = await sessionEnvironment(needs, connection);
  const watch = watched(needs, connection, signal);
  try {
    yield* toolOutput({ command, args, env, signal: watch.signal });
  } catch (error) {
    throw postgresFailure(error, connection);
  } finally {
    watch.release();
  }
}

const done = { notes: [] };

/** PostgreSQL, from 10 on, by psql, pg_dump and pg_restore. */
export const postgresTool = (needs: PostgresNeeds): DatabaseTool => ({
  engine: "PostgreSql",
  check: (connection, purpose, signal) => (purpose === "dump" ? checkDump : checkLoad)(needs, { connection, signal }),
  dump: (connection, work) => dump(needs, connection, work),
  load: (connection, work) => load(needs, connection, work),
  async switchIn(connection, exchanged) {
    await switchIn(needs, { connection, exchanged });
    return done;
  },
  async switchBack(connection, exchanged) {
    await switchBack(needs, { connection, exchanged });
    return done;
  },
  drop: (connection, name) => dropDatabase(needs, connection, name),
  listOwn: (connection) => ownDatabases(needs, connection),
});
