import type { Secret } from "./secret.ts";

/** ARM's words for kinds of databases; the last two speak one language. */
export const databaseTypes = ["SqlAzure", "PostgreSql", "MySql", "LocalMySql"] as const;
export type DatabaseType = (typeof databaseTypes)[number];

/** What a server speaks, and so which tool serves it. */
export type DatabaseKind = "postgresql" | "mysql" | "sqlserver";

export const kindOf = (type: DatabaseType): DatabaseKind => {
  if (type === "SqlAzure") return "sqlserver";
  return type === "PostgreSql" ? "postgresql" : "mysql";
};

/** Ignoring case, as clients write it. */
export const databaseTypeOf = (text: string): DatabaseType | undefined =>
  databaseTypes.find((type) => type.toLowerCase() === text.toLowerCase());

/** A database as a request, a configuration, a backup and a manifest name it; no secret is in it. */
export interface DatabaseReference {
  readonly type: DatabaseType;
  /** Free text that the caller chose, unique in its list ignoring case; not always the database's name on its server. */
  readonly name: string;
  /** One of the site's connection strings, looked up when it is needed. */
  readonly connectionStringName?: string;
}

/**
 * How far the connection is protected. `prefer` takes what the server offers; `require` asks for TLS and trusts any
 * certificate; the last two check it, `verifyFull` the host's name too.
 */
export type DatabaseTls = "disable" | "prefer" | "require" | "verifyCa" | "verifyFull";

/** A connection string understood. */
export interface DatabaseConnection {
  readonly kind: DatabaseKind;
  /** A name, an address, or the folder or file of a local socket (it begins with "/"). */
  readonly host: string;
  /** Absent: the kind's usual one. */
  readonly port?: number;
  readonly database: string;
  readonly user?: string;
  /** Absent with a user: a token of Microsoft Entra ID is asked for in its place. */
  readonly password?: Secret;
  readonly tls: DatabaseTls;
  /** A file of this machine with the authorities to trust, in PEM; absent: the system's. */
  readonly caFile?: string;
}

/** For logs and messages: `shop on db.example.com:5432`. */
export const databaseLabel = ({ database, host, port }: DatabaseConnection): string =>
  `${database} on ${host}${port === undefined ? "" : `:${port}`}`;

/** A connection string that cannot be understood. The message names the key that is wrong, never a value. */
export class ConnectionStringInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConnectionStringInvalid";
  }
}

/**
 * Databases that a load makes and a switch keeps are named so, and nothing else is ever dropped: at most 63 characters of
 * lower-case letters, digits and `_`. `token` is of the run and the database, `attempt` of the step's attempt.
 */
export const ownDatabasePrefix = "lifeboat_";
export const scratchDatabaseName = (token: string, attempt: string): string =>
  `${ownDatabasePrefix}s_${token}_${attempt}`;
export const keptDatabaseName = (token: string): string => `${ownDatabasePrefix}k_${token}`;

export type DatabaseFailureKind =
  /** The vendor's tool is not on this machine. */
  | "ToolMissing"
  /** The tool is older than the server and would refuse it, or lacks what is needed. */
  | "ToolTooOld"
  /** No answer: wrong host or port, a firewall, a server that is down or went away in the middle. */
  | "Unreachable"
  /** TLS could not be agreed on: not offered, or a certificate that is not trusted. */
  | "TlsRefused"
  /** Wrong user or password, or no token could be had. */
  | "LoginRefused"
  | "DatabaseMissing"
  /** Logged in, but not allowed to do what is needed. */
  | "NotAllowed"
  /** The dump cannot be loaded: it is damaged, or of another kind. */
  | "DumpDamaged"
  /** No room: at the server, or for a tool that only writes files. */
  | "Full"
  /** Another connection holds what has to be exchanged. */
  | "Busy"
  /** The tool failed otherwise; the message holds the end of what it said. */
  | "ToolFailed";

/** The message is a sentence fit for the backup's log: it names the database, the reason and the next move, and no secret. */
export class DatabaseFailure extends Error {
  readonly kind: DatabaseFailureKind;

  constructor(kind: DatabaseFailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "DatabaseFailure";
    this.kind = kind;
  }
}
