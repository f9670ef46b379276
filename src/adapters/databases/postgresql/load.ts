import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import type { Loading, LoadReport } from "../../../ports/database-tool.ts";
import { dumpHead, type DumpHead } from "./dump-head.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { carryOver } from "./carry-over.ts";
import { RestoreErrors } from "./restore-errors.ts";
import {
  connectionInfo,
  identifier,
  literal,
  maintenanceDatabase,
  runSql,
  sessionEnvironment,
  toolPath,
  watched,
  type PostgresNeeds,
} from "./session.ts";
import { dropDatabase } from "./switch.ts";
import { runTool } from "../tool-process.ts";
import { untilAborted } from "../until-aborted.ts";

export const load = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  { scratch, dump, signal }: Loading,
): Promise<LoadReport> => {
  signal.throwIfAborted();
  const head = await dumpHead(untilAborted(dump, signal));
  if (head === undefined)
    throw new DatabaseFailure(
      "DumpDamaged",
      `The dump for ${databaseLabel(connection)} is not in pg_dump's custom format, the only one that is loaded. If it is SQL text, look through it and load it with psql.`,
    );
  await dropDatabase(needs, connection, scratch);
  const work = { needs, connection, scratch, signal };
  const notes = [...(await create(work, head)), ...(await carryOver(work, head))];
  const errors = await withoutOwnSettings(work, async () => {
    const found = await restore(work, head.whole);
    // Without statistics the first queries of a large database would take for ever.
    await runSql(needs, connection, { database: scratch, sql: ["ANALYZE"], signal });
    return found;
  });
  return { notes: [...notes, ...errors] };
};

export interface ScratchWork {
  readonly needs: PostgresNeeds;
  readonly connection: DatabaseConnection;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Settings of a database in whose way a load would be, with what they are meanwhile: absent, the server's own. */
const meanwhile = {
  // A load is thousands of small transactions, and nobody needs one of them without the rest: the server need not wait for
  // its disk after each. The last statement waits again, for itself and for all before it.
  synchronous_commit: "off",
  // A database that is kept from changes by its own setting comes back with it. The server's own is obeyed: clouds set that
  // where their storage is nearly full.
  default_transaction_read_only: undefined,
} as const;

const withoutOwnSettings = async <Value>(work: ScratchWork, load: () => Promise<Value>): Promise<Value> => {
  const { needs, connection, scratch, signal } = work;
  const database = maintenanceDatabase(connection);
  const run = (...sql: readonly string[]): Promise<string> => runSql(needs, connection, { database, sql, signal });
  const own = await run(
    `SELECT one FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) one
    WHERE s.setrole = 0 AND d.datname = ${literal(scratch)} AND split_part(one, '=', 1) IN (${Object.keys(meanwhile).map(literal).join(", ")})`,
  );
  const before = new Map(
    own.split("\n").map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")] as const),
  );
  const setting = (name: string, value: string | undefined): string =>
    `ALTER DATABASE ${identifier(scratch)} ${value === undefined ? `RESET ${name}` : `SET ${name} = ${literal(value)}`}`;
  await run(...Object.entries(meanwhile).map(([name, value]) => setting(name, value)));
  const loaded = await load();
  await run(...Object.keys(meanwhile).map((name) => setting(name, before.get(name))));
  return loaded;
};

/** With the encoding and the sort order of the dumped database, where the server knows it. */
const create = async (
  { needs, connection, scratch, signal }: ScratchWork,
  { encoding, locale }: DumpHead,
): Promise<readonly string[]> => {
  const make = (options: string): Promise<string> =>
    runSql(needs, connection, {
      database: maintenanceDatabase(connection),
      sql: [`CREATE DATABASE ${identifier(scratch)} TEMPLATE template0 ${options}`],
      signal,
    });
  try {
    await make(`${encoding} ${locale}`);
    return [];
  } catch (error) {
    const isLocale = error instanceof DatabaseFailure && /locale|collation/i.test(error.message);
    if (!isLocale || locale === "") throw error;
    await make(encoding);
    return [`The server does not know the sort order of the dump (${locale}); its own is used.`];
  }
};

/** Errors that do not matter for the data become notes; the first other one ends the tool. */
const restore = async (
  { needs, connection, scratch, signal }: ScratchWork,
  input: AsyncIterable<Uint8Array>,
): Promise<readonly string[]> => {
  const watch = watched(needs, connection, signal);
  const stop = new AbortController();
  const errors = new RestoreErrors(() => stop.abort());
  // Publications and event triggers come back; a subscription would begin to fetch what the live database fetches.
  const args = ["-w", "--no-subscriptions", "-d", connectionInfo(connection, scratch, true)];
  try {
    await runTool({
      command: toolPath(needs, "pg_restore"),
      args,
      env: await sessionEnvironment(needs, connection),
      input,
      onLine: (line) => errors.hear(line),
      signal: AbortSignal.any([watch.signal, stop.signal]),
    });
  } catch (error) {
    watch.signal.throwIfAborted();
    errors.end();
    const fatal = errors.fatal(connection);
    if (fatal !== undefined) throw fatal;
    if (!errors.explains(error)) throw postgresFailure(error, connection);
  } finally {
    watch.release();
  }
  return errors.notes;
};
