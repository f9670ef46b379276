import { hostPort, portNumber } from "./connection-host.ts";
import { keywordForm } from "./connection-pairs.ts";
import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { connectionTls } from "./connection-tls.ts";
import { urlForm } from "./connection-url.ts";
import type { ConnectionFields, ConnectionWord } from "./connection-words.ts";
import type { DatabaseAddress, DatabaseConnection, DatabaseEngine } from "../database.ts";
import { Secret } from "../secret.ts";

const mostCharacters = 32_768;

/**
 * Reads a connection string in every form that drivers take: ADO.NET, ODBC, Npgsql's and MySQL's key words, URLs, JDBC,
 * PDO, libpq's `host=... dbname=...`. Words it does not know are left alone (pools, time-outs). Throws
 * ConnectionStringInvalid, which names the key that is wrong and never a value.
 */
export const parseConnectionString = (secret: Secret, engine: DatabaseEngine): DatabaseConnection => {
  const text = secret.reveal().trim();
  if (text.length > mostCharacters) throw new ConnectionStringInvalid("connectionString", "it is too long to be one.");
  if (text === "") throw new ConnectionStringInvalid("connectionString", "it is empty.");
  if (text.includes("\0")) throw new ConnectionStringInvalid("connectionString", "it holds a NUL character.");
  return connection(engine, urlForm(text, engine) ?? keywordForm(text, engine));
};

const connection = (engine: DatabaseEngine, fields: ConnectionFields): DatabaseConnection => {
  refuseUnusable(fields);
  const [first, ...others] = addresses(engine, fields);
  if (first === undefined) throw new ConnectionStringInvalid("Server", "no server is named.");
  const login = signIn(fields, first.host);
  const tls = connectionTls(engine, fields);
  const database = nonEmpty(fields, "database");
  if (database === undefined) throw new ConnectionStringInvalid("Database", "no database is named.");
  const user = nonEmpty(fields, "user");
  const password = nonEmpty(fields, "password");
  const options = nonEmpty(fields, "options");
  return {
    engine,
    ...first,
    others,
    database,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password: new Secret(password) }),
    signIn: login,
    tls,
    isReadOnly: isReadOnly(fields, first.host),
    ...(options !== undefined && { options }),
  };
};

const nonEmpty = (fields: ConnectionFields, word: ConnectionWord): string | undefined => {
  const field = fields.get(word);
  return field === undefined || field.value === "" ? undefined : field.value;
};

const addresses = (
  engine: DatabaseEngine,
  fields: ConnectionFields,
): readonly (DatabaseAddress & { readonly instance?: string })[] => {
  const host = nonEmpty(fields, "socket") === undefined ? fields.get("host") : fields.get("socket");
  if (host === undefined || host.value.trim() === "") return [];
  const ports = (nonEmpty(fields, "port") ?? "").split(",");
  // A comma parts servers everywhere but in SQL Server's data source, where the port comes after it.
  const named = engine === "SqlServer" || host.value.startsWith("/") ? [host.value] : host.value.split(",");
  const instance = nonEmpty(fields, "instance");
  return named.map((one, index) => {
    const portText = (ports.length === 1 ? ports[0] : ports[index])?.trim() ?? "";
    const key = fields.get("port")?.key ?? host.key;
    const address = hostPort({ engine, key: host.key, text: one.trim() });
    return {
      ...(instance !== undefined && { instance }),
      ...(portText !== "" && { port: portNumber(key, portText) }),
      ...address,
    };
  });
};

const yes = /^(?:true|yes|1|sspi)$/i;

/** What would change who signs in, or to what, and that the tools cannot do: better refused than left out in silence. */
const refuseUnusable = (fields: ConnectionFields): void => {
  const integrated = fields.get("integrated");
  if (integrated !== undefined && yes.test(integrated.value.trim()))
    throw new ConnectionStringInvalid(
      integrated.key,
      "Lifeboat has no Windows account to sign in with. Give a user and a password, or a user alone for an Entra token.",
    );
  const refused = fields.get("unusable");
  if (refused !== undefined && refused.value !== "")
    throw new ConnectionStringInvalid(
      refused.key,
      "this points to something outside the connection string, which Lifeboat does not read. Write out what it stands for.",
    );
};

const cloudHosts =
  /\.(?:database\.azure\.com|database\.windows\.net|database\.usgovcloudapi\.net|database\.chinacloudapi\.cn|database\.fabric\.microsoft\.com)$/i;

/** Azure's own database servers, the only ones that Lifeboat's identity may show a token to. */
export const isCloudDatabaseHost = (host: string): boolean => cloudHosts.test(host);

/** The methods of SqlClient that end in a token for whoever Lifeboat is; others would need a person or a second secret. */
const tokenMethods = /^active\s*directory\s*(?:default|managed\s*identity|msi|workload\s*identity)$/i;

const signIn = (fields: ConnectionFields, host: string): DatabaseConnection["signIn"] => {
  const method = fields.get("authentication");
  if (method !== undefined && /^active\s*directory/i.test(method.value.trim())) {
    if (tokenMethods.test(method.value.trim())) return "token";
    throw new ConnectionStringInvalid(
      method.key,
      "of the Entra methods Lifeboat can use Default, Managed Identity and Workload Identity.",
    );
  }
  if (nonEmpty(fields, "password") !== undefined) return "password";
  return cloudHosts.test(host) ? "token" : "none";
};

/** A failover group's second listener, a virtual endpoint for readers, a replica of Hyperscale asked for by intent. */
const isReadOnly = (fields: ConnectionFields, host: string): boolean =>
  (cloudHosts.test(host) && /\.(?:secondary|reader)\./i.test(host)) ||
  /^read\s*only$/i.test(fields.get("intent")?.value.trim() ?? "");
