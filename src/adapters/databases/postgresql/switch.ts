import { setTimeout as sleep } from "node:timers/promises";
import {
  databaseLabel,
  DatabaseFailure,
  ownDatabasePrefix,
  type DatabaseConnection,
} from "../../../domain/database.ts";
import type { Exchanged } from "../../../ports/database-tool.ts";
import { hasMark, withMark } from "./mark.ts";
import { identifier, literal, maintenanceDatabase, runSql, type PostgresNeeds } from "./session.ts";

interface Switching {
  readonly connection: DatabaseConnection;
  readonly exchanged: Exchanged;
}

const never = new AbortController().signal;

const maintain = (needs: PostgresNeeds, connection: DatabaseConnection, ...sql: readonly string[]): Promise<string> =>
  runSql(needs, connection, { database: maintenanceDatabase(connection), sql, signal: never });

/** Which of the names are databases now. */
const present = async (needs: PostgresNeeds, { connection, exchanged }: Switching): Promise<ReadonlySet<string>> => {
  const names = [connection.database, exchanged.scratch, exchanged.kept].map(literal).join(", ");
  const sql = `SELECT datname FROM pg_database WHERE datname IN (${names})`;
  return new Set((await maintain(needs, connection, sql)).split("\n"));
};

/** Both renames are one transaction: there is no moment in between, and a crash leaves either all of it or nothing. */
export const switchIn = async (needs: PostgresNeeds, switching: Switching): Promise<void> => {
  const { connection, exchanged } = switching;
  const there = await present(needs, switching);
  if (!there.has(exchanged.scratch)) return;
  if (there.has(connection.database) !== exchanged.replaces)
    throw new DatabaseFailure(
      "Busy",
      `The database ${databaseLabel(connection)} ${exchanged.replaces ? "was removed" : "was made"} by others while it was restored; nothing was exchanged. Restore again.`,
    );
  const renames = [
    ...(exchanged.replaces ? [rename(connection.database, exchanged.kept)] : []),
    rename(exchanged.scratch, connection.database),
    ...(exchanged.replaces ? [] : [mark(switching, await commentOf(needs, connection, exchanged.scratch))]),
  ];
  await undisturbed(needs, connection, { names: [connection.database, exchanged.scratch], sql: renames.join("; ") });
};

const rename = (from: string, to: string): string => `ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)}`;

const mark = ({ connection, exchanged }: Switching, comment: string): string =>
  `COMMENT ON DATABASE ${identifier(connection.database)} IS ${literal(withMark(comment, exchanged))}`;

const commentOf = (needs: PostgresNeeds, connection: DatabaseConnection, database: string): Promise<string> =>
  maintain(
    needs,
    connection,
    `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ${literal(database)}`,
  );

export const switchBack = async (needs: PostgresNeeds, switching: Switching): Promise<void> => {
  const { connection, exchanged } = switching;
  const { database } = connection;
  const there = await present(needs, switching);
  if (there.has(exchanged.scratch)) await dropDatabase(needs, connection, exchanged.scratch);
  if (there.has(exchanged.kept)) {
    const away = there.has(database) ? [rename(database, exchanged.scratch)] : [];
    const sql = [...away, rename(exchanged.kept, database)].join("; ");
    await undisturbed(needs, connection, { names: [database, exchanged.kept], sql });
    await dropDatabase(needs, connection, exchanged.scratch);
  } else if (!exchanged.replaces && there.has(database) && (await isMarked(needs, switching))) {
    await undisturbed(needs, connection, { names: [database], sql: rename(database, exchanged.scratch) });
    await dropDatabase(needs, connection, exchanged.scratch);
  }
};

const isMarked = async (needs: PostgresNeeds, { connection, exchanged }: Switching): Promise<boolean> =>
  hasMark(await commentOf(needs, connection, connection.database), exchanged);

export const dropDatabase = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  name: string,
): Promise<void> => {
  if (!name.startsWith(ownDatabasePrefix)) throw new Error(`${name} is not a database of Lifeboat's own.`);
  const sql = `DROP DATABASE IF EXISTS ${identifier(name)}`;
  await undisturbed(needs, connection, { names: [name], sql });
};

export const ownDatabases = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
): Promise<readonly string[]> => {
  const sql = `SELECT datname FROM pg_database WHERE left(datname, ${ownDatabasePrefix.length}) = ${literal(ownDatabasePrefix)} ORDER BY 1`;
  const said = await maintain(needs, connection, sql);
  return said === "" ? [] : said.split("\n");
};

interface Undisturbed {
  readonly names: readonly string[];
  readonly sql: string;
}

const attempts = 4;

/**
 * Runs what others' connections would prevent. The server holds back new ones as soon as the statement begins and waits
 * some seconds for the rest to go; meanwhile those are ended, again and again, because a pool comes back at once.
 */
const undisturbed = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  { names, sql }: Undisturbed,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    await endSessions(needs, connection, names);
    const work = maintain(needs, connection, sql).then(
      () => ({ done: true as const }),
      (error: unknown) => ({ done: false as const, error }),
    );
    const stop = new AbortController();
    // Whatever keeps it from ending them keeps the statement from its work too, and that tells.
    const ending = keepEnding(needs, connection, { names, signal: stop.signal }).catch(() => undefined);
    const result = await work;
    stop.abort();
    await ending;
    if (result.done) return;
    const isBusy = result.error instanceof DatabaseFailure && result.error.kind === "Busy";
    if (!isBusy || attempt === attempts) throw result.error;
  }
};

const keepEnding = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  { names, signal }: { readonly names: readonly string[]; readonly signal: AbortSignal },
): Promise<void> => {
  for (;;) {
    await sleep(300, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await endSessions(needs, connection, names);
  }
};

/** Those that the user may end: a superuser's and other roles' are left, and told by the statement that they prevent. */
const endSessions = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  names: readonly string[],
): Promise<void> => {
  const sql = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.datname IN (${names.map(literal).join(", ")}) AND a.pid <> pg_backend_pid()
    AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
      OR a.datname IN (${names.map(literal).join(", ")}) AND a.pid <> pg_backend_pid()
    AND NOT r.rolsuper AND (pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))`;
  await maintain(needs, connection, sql);
};
