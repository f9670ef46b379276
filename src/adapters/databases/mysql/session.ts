import {
  databaseLabel,
  DatabaseFailure,
  type DatabaseAddress,
  type DatabaseConnection,
} from "../../../domain/database.ts";
import { limitedSignal } from "../../../ports/clock.ts";
import { databaseToken, type EntraToken } from "../entra-token.ts";
import type { FindTool } from "../find-tool.ts";
import { systemAuthorities } from "../system-authorities.ts";
import { runTool, toolOutput, type ToolCall } from "../tool-process.ts";
import { askEveryMs, serverPatienceMs, watchedServer } from "../watched-server.ts";
import { mysqlFailure } from "./mysql-failure.ts";
import { findPrograms, programsFor, type Program, type Programs, type Vendor } from "./programs.ts";
import { readRows, type Row } from "./read-rows.ts";

export interface MySqlNeeds {
  readonly findTool: FindTool;
  readonly token: EntraToken;
  readonly patienceMs?: number;
}

interface Statement {
  readonly sql: string;
  /** The default database; none for what needs none. */
  readonly database?: string;
}

/** A server that answered: which address, how TLS is spoken, which programs fit it. */
export interface Session {
  readonly connection: DatabaseConnection;
  readonly programs: Programs;
  /** As the server names it: `10.11.6-MariaDB-0+deb12u1`. */
  readonly serverVersion: string;
  readonly vendor: Vendor;
  /** How long a dump may wait for a table that others hold locked. */
  readonly patienceMs: number;
  /** The rows of one statement. */
  rows(statement: Statement): Promise<readonly Row[]>;
  /** The rows of several statements over one connection, in their order. */
  results(statements: readonly string[], database?: string): Promise<readonly (readonly Row[])[]>;
  /** Runs a program; `args` behind those that say where and how to connect. */
  stream(program: Program, work: Streaming): AsyncIterable<Uint8Array>;
}

interface Streaming extends Pick<ToolCall, "args" | "input"> {
  /** Asked now and then while it runs. */
  readonly whyToEnd?: (rows: Session["rows"]) => Promise<DatabaseFailure | undefined>;
}

interface Way {
  readonly address: DatabaseAddress;
  readonly tls: Tls;
}

type Tls = "off" | "on" | "ca" | "full";

/** Finds a server that answers and how to speak with it. Throws DatabaseFailure. */
export const openSession = async (
  needs: MySqlNeeds,
  connection: DatabaseConnection,
  signal: AbortSignal,
): Promise<Session> => {
  const found = await findPrograms(needs.findTool, signal);
  const env = await environment(needs, connection);
  const patienceMs = needs.patienceMs ?? serverPatienceMs;
  const answerMs = askEveryMs(patienceMs);
  const known = { connection, env, patienceMs, signal };
  let failure: unknown;
  for (const way of ways(connection)) {
    const limited = limitedSignal({ afterMs: answerMs, signal, reason: () => noAnswer(connection, answerMs) });
    const first = session({
      ...known,
      way,
      programs: programsFor(found),
      serverVersion: "",
      signal: limited.signal,
    });
    try {
      const [row] = await first.rows({ sql: "SELECT VERSION()" });
      const serverVersion = row?.[0] ?? "";
      return session({ ...known, way, programs: programsFor(found, vendorOf(serverVersion)), serverVersion });
    } catch (thrown) {
      signal.throwIfAborted();
      const error: unknown = limited.signal.aborted ? limited.signal.reason : thrown;
      if (!(error instanceof DatabaseFailure)) throw error;
      // The first complaint is of what was asked for; the rest are of what was tried instead.
      failure ??= error;
      // Some servers that force TLS refuse the password of whoever comes without.
      if (error.kind === "ToolTooOld" || (error.kind === "LoginRefused" && way.tls !== "off")) throw failure;
    } finally {
      limited.release();
    }
  }
  throw failure;
};

const vendorOf = (serverVersion: string): Vendor => (/mariadb/i.test(serverVersion) ? "MariaDB" : "MySQL");

const noAnswer = (connection: DatabaseConnection, waitedMs: number): DatabaseFailure =>
  new DatabaseFailure(
    "Unreachable",
    `The database ${databaseLabel(connection)}: its server takes connections and has not answered for ${waitedMs / 1_000} seconds. Look whether it hangs, and what lies between.`,
  );

/** A server that forces TLS gets it, whatever the string says; one without gets none, unless the string asks for it. */
const ways = ({ host, port, others, tls }: DatabaseConnection): readonly Way[] => {
  const tried: Readonly<Record<NonNullable<typeof tls.mode>, readonly Tls[]>> = {
    disable: ["off", "on"],
    prefer: ["on", "off"],
    require: ["on"],
    "verify-ca": ["ca"],
    "verify-full": ["full"],
  };
  const addresses = [{ host, ...(port !== undefined && { port }) }, ...others];
  return addresses.flatMap((address) =>
    address.host.startsWith("/")
      ? [{ address, tls: "off" as const }]
      : tried[tls.mode ?? "prefer"].map((one) => ({ address, tls: one })),
  );
};

const environment = async (
  { token }: MySqlNeeds,
  connection: DatabaseConnection,
): Promise<Readonly<Record<string, string>>> => {
  const quiet = { MYSQL_TEST_LOGIN_FILE: "/dev/null", MYSQL_HISTFILE: "/dev/null" };
  if (connection.signIn !== "token")
    return { ...quiet, ...(connection.password === undefined ? {} : { MYSQL_PWD: connection.password.reveal() }) };
  const password = await databaseToken(token, connection);
  return { ...quiet, MYSQL_PWD: password.reveal(), LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN: "1" };
};

interface Known {
  readonly connection: DatabaseConnection;
  readonly env: Readonly<Record<string, string>>;
  readonly way: Way;
  readonly programs: Programs;
  readonly serverVersion: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const session = (known: Known): Session => {
  const { connection, env, way, programs, serverVersion, patienceMs } = known;
  const call = (program: Program, { args, input, signal }: Pick<ToolCall, "args" | "input" | "signal">): ToolCall => ({
    command: program.file,
    args: [
      "--no-defaults",
      ...location(way.address, connection),
      ...tlsOptions(program.vendor, way.tls, connection),
      ...args,
    ],
    env,
    signal,
    ...(input !== undefined && { input }),
  });
  const asked = async (
    { statements, database }: { readonly statements: readonly string[]; readonly database: string | undefined },
    signal: AbortSignal,
  ): Promise<readonly (readonly Row[])[]> => {
    const { args, input, read } = readRows(statements, { database, lockWaitSeconds: Math.ceil(patienceMs / 2_000) });
    try {
      return read(await runTool(call(programs.client, { args, input, signal })));
    } catch (error) {
      throw mysqlFailure(error, connection);
    }
  };
  const watched = (whyToEnd: Streaming["whyToEnd"] = async (rows) => void (await rows({ sql: "SELECT 1" }))) =>
    watchedServer({
      connection,
      patienceMs,
      signal: known.signal,
      ask: (signal) =>
        whyToEnd(async ({ sql, database }) => (await asked({ statements: [sql], database }, signal))[0] ?? []),
    });
  const results = async (statements: readonly string[], database?: string): Promise<readonly (readonly Row[])[]> => {
    const { signal, release } = watched();
    try {
      return await asked({ statements, database }, signal);
    } finally {
      release();
    }
  };
  return {
    connection,
    programs,
    serverVersion,
    patienceMs,
    vendor: vendorOf(serverVersion),
    results,
    rows: async ({ sql, database }) => (await results([sql], database))[0] ?? [],
    async *stream(program, { whyToEnd, ...work }) {
      const { signal, release } = watched(whyToEnd);
      try {
        yield* toolOutput(call(program, { ...work, signal }));
      } catch (error) {
        throw mysqlFailure(error, connection);
      } finally {
        release();
      }
    },
  };
};

const location = ({ host, port }: DatabaseAddress, { user }: DatabaseConnection): readonly string[] => [
  ...(host.startsWith("/") ? ["--protocol=SOCKET", `--socket=${host}`] : ["--protocol=TCP", `--host=${host}`]),
  ...(port === undefined ? [] : [`--port=${port}`]),
  ...(user === undefined ? [] : [`--user=${user}`]),
  "--default-character-set=utf8mb4",
];

/** MariaDB's client has no check of the authority alone: there `ca` checks the name too. */
const tlsOptions = (vendor: Vendor, tls: Tls, { tls: asked }: DatabaseConnection): readonly string[] => {
  const authorities = asked.caFile ?? systemAuthorities();
  const ca = authorities === undefined ? [] : [`--ssl-ca=${authorities}`];
  if (vendor === "MySQL") {
    const mode = { off: "DISABLED", on: "REQUIRED", ca: "VERIFY_CA", full: "VERIFY_IDENTITY" }[tls];
    return [`--ssl-mode=${mode}`, ...(tls === "ca" || tls === "full" ? ca : [])];
  }
  if (tls === "off") return ["--skip-ssl"];
  return tls === "on" ? ["--ssl", "--skip-ssl-verify-server-cert"] : ["--ssl", "--ssl-verify-server-cert", ...ca];
};
