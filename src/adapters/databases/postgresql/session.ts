import { DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import { databaseToken, type EntraToken } from "../entra-token.ts";
import type { FindTool } from "../find-tool.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { systemAuthorities } from "../system-authorities.ts";
import { runTool } from "../tool-process.ts";
import { serverPatienceMs, watchedServer } from "../watched-server.ts";

export interface PostgresNeeds {
  readonly findTool: FindTool;
  readonly token: EntraToken;
  readonly patienceMs?: number;
}

export type PostgresTool = "psql" | "pg_dump" | "pg_restore";

/** How long the server may be silent, or hold a table locked. */
export const patienceOf = ({ patienceMs }: PostgresNeeds): number => patienceMs ?? serverPatienceMs;

export const toolPath = ({ findTool }: PostgresNeeds, name: PostgresTool): string => {
  const found = findTool(name);
  if (found !== undefined) return found;
  throw new DatabaseFailure(
    "ToolMissing",
    `${name} is not on this machine. Install PostgreSQL's client programs (Debian: postgresql-client), or name their folder in LIFEBOAT_DATABASE_TOOLS.`,
  );
};

/** What libpq reads from the environment: who asks, and how TLS is spoken. */
export const sessionEnvironment = async (
  { token }: PostgresNeeds,
  connection: DatabaseConnection,
): Promise<Readonly<Record<string, string>>> => {
  const { user, options, signIn } = connection;
  const password = signIn === "token" ? await databaseToken(token, connection) : connection.password;
  return {
    ...(user === undefined ? {} : { PGUSER: user }),
    ...(password === undefined ? {} : { PGPASSWORD: password.reveal() }),
    ...(options === undefined ? {} : { PGOPTIONS: options }),
    ...tlsEnvironment(connection),
    PGPASSFILE: "/dev/null",
    PGCONNECT_TIMEOUT: "30",
    PGCLIENTENCODING: "UTF8",
    PGGSSENCMODE: "disable",
    PGAPPNAME: "lifeboat",
  };
};

/** A string that asks for no TLS still gets it where the server lets nobody in without. */
const tlsEnvironment = ({ tls }: DatabaseConnection): Readonly<Record<string, string>> => {
  const mode = tls.mode === "disable" ? "allow" : (tls.mode ?? "prefer");
  const verifies = mode.startsWith("verify-");
  const authorities = tls.caFile ?? (verifies ? (systemAuthorities() ?? "system") : undefined);
  return { PGSSLMODE: mode, ...(authorities === undefined ? {} : { PGSSLROOTCERT: authorities }) };
};

/** Where to connect, as libpq takes it in the place of a database's name. A server that is silent for a minute is gone. */
export const connectionInfo = (connection: DatabaseConnection, database: string, wantsPrimary: boolean): string => {
  const addresses = [connection, ...connection.others];
  const parameters = {
    host: addresses.map(({ host }) => host).join(","),
    port: addresses.map(({ port }) => port ?? 5432).join(","),
    dbname: database,
    keepalives_idle: "20",
    keepalives_interval: "10",
    keepalives_count: "4",
    tcp_user_timeout: "60000",
    ...(wantsPrimary && addresses.length > 1 ? { target_session_attrs: "read-write" } : {}),
  };
  const quoted = (value: string): string => `'${value.replaceAll(/[\\']/g, "\\$&")}'`;
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(" ");
};

interface Statements {
  readonly database: string;
  /** Each is a transaction of its own, unless it holds several with semicolons between: then they are one together. */
  readonly sql: readonly string[];
  readonly signal: AbortSignal;
}

/** Runs SQL; answers what it printed, one row a line, columns with `|` between. Throws DatabaseFailure. */
export const runSql = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  statements: Statements,
): Promise<string> => {
  const { signal, release } = watched(needs, connection, statements.signal);
  try {
    return await ask(needs, connection, { ...statements, signal });
  } finally {
    release();
  }
};

/** A signal for work on this server, which also aborts when that does not answer any more. */
export const watched = (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  signal: AbortSignal,
): ReturnType<typeof watchedServer> => {
  // A session in a database would keep it from being renamed.
  const small = { database: maintenanceDatabase(connection), sql: ["SELECT 1"] };
  return watchedServer({
    connection,
    patienceMs: patienceOf(needs),
    signal,
    ask: async (until) => void (await ask(needs, connection, { ...small, signal: until })),
  });
};

const ask = async (
  needs: PostgresNeeds,
  connection: DatabaseConnection,
  { database, sql, signal }: Statements,
): Promise<string> => {
  const command = toolPath(needs, "psql");
  const env = await sessionEnvironment(needs, connection);
  const flags = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"];
  const args = [...flags, "-d", connectionInfo(connection, database, true), ...sql.flatMap((one) => ["-c", one])];
  try {
    return (await runTool({ command, args, env, signal })).trimEnd();
  } catch (error) {
    throw postgresFailure(error, connection);
  }
};

/** A value as SQL text, whatever the server's settings for backslashes. */
export const literal = (value: string): string => `E'${value.replaceAll(/[\\']/g, "\\$&")}'`;
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Where databases are made and renamed: not from within. */
export const maintenanceDatabase = ({ database }: DatabaseConnection): string =>
  database === "postgres" ? "template1" : "postgres";
