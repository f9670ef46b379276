import type { Secret } from "./secret.ts";

/** ARM's words for kinds of databases; the last two speak one language. */
export const databaseTypes = ["SqlAzure", "PostgreSql", "MySql", "LocalMySql"] as const;
export type DatabaseType = (typeof databaseTypes)[number];

/** What a server speaks, and so which tool serves it; `MySql` is MariaDB too. */
export type DatabaseEngine = "PostgreSql" | "MySql" | "SqlServer";

export const engineOf = (type: DatabaseType): DatabaseEngine => {
  if (type === "SqlAzure") return "SqlServer";
  return type === "PostgreSql" ? "PostgreSql" : "MySql";
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

/** References, and their connection strings where they came with them: all of them sealed together, by name. */
export interface KeptDatabases {
  readonly databases?: readonly DatabaseReference[];
  readonly databaseSecrets?: string;
}

const dumpEndings: Readonly<Record<DatabaseEngine, string>> = { PostgreSql: ".dump", MySql: ".sql", SqlServer: "" };

/**
 * What each dump is called in the root of an archive, as people unpack it: names of files everywhere, all different also
 * where letter case does not count, and never that of something else in the root.
 */
export const dumpEntryNames = (references: readonly DatabaseReference[]): readonly string[] => {
  const taken = new Set(["fs", "configuration.json"]);
  return references.map(({ type, name }) => {
    // oxlint-disable-next-line no-control-regex -- control characters are among what no file's name may hold
    const plain = name.replaceAll(/[\u0000-\u001f\u007f<>:"/\\|?*\s]+/g, "_").replace(/^[.]+|[. ]+$/g, "_");
    const base = plain.slice(0, 100) || "database";
    for (let attempt = 1; ; attempt++) {
      const entry = `${base}${attempt === 1 ? "" : `-${attempt}`}${dumpEndings[engineOf(type)]}`;
      if (taken.has(entry.toLowerCase())) continue;
      taken.add(entry.toLowerCase());
      return entry;
    }
  });
};

export interface DatabaseAddress {
  /** A name or an address, IPv6 without brackets. A path (`/run/...`) is a local socket: PostgreSQL's folder, MySQL's file. */
  readonly host: string;
  /** Absent: the engine's usual one. */
  readonly port?: number;
}

/** A connection string understood. */
export interface DatabaseConnection extends DatabaseAddress {
  readonly engine: DatabaseEngine;
  /** More servers to try after the first, in this order. */
  readonly others: readonly DatabaseAddress[];
  /** SQL Server's named instance. */
  readonly instance?: string;
  readonly database: string;
  readonly user?: string;
  readonly password?: Secret;
  /** `token`: an Entra token takes the password's place. `none`: the server lets the user in by other means. */
  readonly signIn: "password" | "token" | "none";
  readonly tls: {
    /** In libpq's words, each asking for all that the ones before it do; absent: the tool's default counts. */
    readonly mode?: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
    /** A PEM file on this machine with the authorities to trust; absent: the system's own. */
    readonly caFile?: string;
  };
  /** A replica that can be read only: fit for a dump, never for a restore. */
  readonly isReadOnly: boolean;
  /** libpq's `options`, for the server. */
  readonly options?: string;
}

/** For logs and messages: `shop on db.example.com:5432`. */
export const databaseLabel = ({ database, host, port }: DatabaseConnection): string =>
  `${database} on ${host}${port === undefined ? "" : `:${port}`}`;

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
  /** It took longer than it may. */
  | "TimedOut"
  /** There is no connection string for it, or none that can be understood. */
  | "NotDescribed"
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
