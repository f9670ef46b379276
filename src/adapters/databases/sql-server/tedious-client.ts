import { readFileSync } from "node:fs";
import type { Connection, ConnectionConfiguration } from "tedious";
import type { DatabaseConnection } from "../../../domain/database.ts";
import { databaseToken, type EntraToken } from "../entra-token.ts";
import type { SqlClient, SqlQuery } from "./sql-client.ts";

const connectMs = 30_000;

/** tedious is loaded with the first question, so that nobody else pays for it. */
export const tediousClient =
  (token: EntraToken): SqlClient =>
  async (connection, query) => {
    query.signal.throwIfAborted();
    const tedious = await import("tedious");
    const opened = new tedious.Connection(await configuration(token, connection, query.database));
    const abort = (): void => opened.close();
    query.signal.addEventListener("abort", abort, { once: true });
    try {
      await connected(opened);
      return await answered(opened, tedious.Request, query);
    } catch (error) {
      query.signal.throwIfAborted();
      throw error;
    } finally {
      query.signal.removeEventListener("abort", abort);
      opened.close();
    }
  };

const configuration = async (
  token: EntraToken,
  connection: DatabaseConnection,
  database: string,
): Promise<ConnectionConfiguration> => {
  const { host, port, instance, tls } = connection;
  const verifies = verifiesServer(connection);
  return {
    server: host,
    authentication: await authentication(token, connection),
    options: {
      database,
      // Only one of the two may be given; a port leads there without asking.
      ...(port === undefined && instance !== undefined ? { instanceName: instance } : { port: port ?? 1433 }),
      encrypt: tls.mode !== "disable",
      trustServerCertificate: !verifies,
      ...(tls.caFile !== undefined && { cryptoCredentialsDetails: { ca: readFileSync(tls.caFile) } }),
      connectTimeout: connectMs,
      requestTimeout: 0,
      rowCollectionOnRequestCompletion: true,
      useColumnNames: true,
      appName: "lifeboat",
    },
  };
};

/** Azure's certificates are checked unless the string says not to. */
export const verifiesServer = ({ host, tls }: DatabaseConnection): boolean =>
  tls.mode === undefined
    ? /\.database\.(?:windows|usgovcloudapi|chinacloudapi|fabric)\./i.test(host)
    : tls.mode.startsWith("verify-");

const authentication = async (
  token: EntraToken,
  connection: DatabaseConnection,
): Promise<NonNullable<ConnectionConfiguration["authentication"]>> => {
  const { user, password, signIn } = connection;
  if (signIn !== "token")
    return {
      type: "default",
      options: { ...(user !== undefined && { userName: user }), password: password?.reveal() ?? "" },
    };
  const secret = await databaseToken(token, connection);
  return { type: "azure-active-directory-access-token", options: { token: secret.reveal() } };
};

const connected = (opened: Connection): Promise<void> =>
  new Promise((resolve, reject) => {
    opened.once("end", () => reject(new Error("The connection was closed.")));
    // A later error than the first must find a listener.
    opened.on("error", reject);
    opened.connect((error) => (error === undefined ? resolve() : reject(error)));
  });

const answered = (
  opened: Connection,
  Request: typeof import("tedious").Request,
  { sql }: SqlQuery,
): ReturnType<SqlClient> =>
  new Promise((resolve, reject) => {
    opened.once("end", () => reject(new Error("The connection was closed.")));
    const request = new Request(sql, (error, _count, rows: readonly Readonly<Record<string, { value: unknown }>>[]) => {
      if (error !== undefined && error !== null) return reject(error);
      resolve(
        (rows ?? []).map((row) => Object.fromEntries(Object.entries(row).map(([name, { value }]) => [name, value]))),
      );
    });
    opened.execSqlBatch(request);
  });
