import {
  databaseLabel,
  DatabaseFailure,
  type DatabaseConnection,
  type DatabaseFailureKind,
} from "../../../domain/database.ts";
import { ToolFailed } from "../tool-process.ts";
import { withoutPassword } from "../without-password.ts";

interface Reading {
  readonly says: RegExp;
  /** Only when this tool says so. */
  readonly by?: string;
  readonly kind: DatabaseFailureKind;
  /** The next move. */
  readonly hint: string;
}

/** What libpq, the server and the tools say, in the order in which it is looked for. */
const readings: readonly Reading[] = [
  {
    says: /aborting because of server version mismatch|unsupported version \([\d.]+\) in file header/,
    kind: "ToolTooOld",
    hint: "Install the client programs of the newest PostgreSQL you use.",
  },
  {
    says: /No space left on device|could not (?:extend|write to) file|disk full|could not write block/i,
    kind: "Full",
    hint: "Free some space where the server keeps its data.",
  },
  {
    says: /certificate|SSL error|SSL negotiation|server does not support SSL|SSL connection is required|root\.crt|SSL off|no encryption/i,
    kind: "TlsRefused",
    hint: "Check the connection string's SSL mode and the authority it trusts (docs/databases.md).",
  },
  {
    says: /password authentication failed|no password supplied|authentication failed|role ".*" does not exist|no pg_hba\.conf entry|is not permitted to log in|permission denied for database|AADSTS/i,
    kind: "LoginRefused",
    hint: "Check user and password in the connection string, and who may log in at the server.",
  },
  {
    says: /FATAL: {2}database ".*" does not exist/,
    kind: "DatabaseMissing",
    hint: "Check the database's name in the connection string.",
  },
  {
    says: /is being accessed by other users|too many (?:connections|clients)|remaining connection slots|lock timeout|LOCK TABLE/i,
    kind: "Busy",
    hint: "Ask who uses it (pg_stat_activity), and try again.",
  },
  {
    says: /in a read-only transaction|while in recovery|recovery is in progress/,
    kind: "NotAllowed",
    hint: "The server takes no changes now: it is a replica, or was set so, as clouds do when its storage is nearly full.",
  },
  {
    says: /permission denied|must be owner|must be superuser|must be member|must be able to SET ROLE|row-level security|query would be affected/i,
    kind: "NotAllowed",
    hint: "Grant the user what is missing (docs/databases.md lists it).",
  },
  {
    says: /could not translate host name|Connection refused|timeout expired|timed out|No route to host|Network is unreachable|No such file or directory\s+Is the server running|server closed the connection|terminating connection|connection to server was lost|the database system is (?:starting|shutting|not yet)|no connection to the server|could not receive data|could not send data|SSL SYSCALL|EOF detected|Cannot assign requested/i,
    kind: "Unreachable",
    hint: "Check host, port and firewall, and whether the server is up.",
  },
  {
    says: /not appear to be a valid archive|unexpected end of file|could not read from input file|corrupt|found unexpected block|invalid TOC|did not find magic string|end of file/i,
    by: "pg_restore",
    kind: "DumpDamaged",
    hint: "Restore another backup.",
  },
  {
    says: /ERROR: {2}(?:function|relation|type|operator) .* does not exist/,
    by: "pg_restore",
    kind: "ToolFailed",
    hint: "Where the application sets a search_path by itself, the database has to have that too: ALTER DATABASE ... SET search_path = ... for the one that is to be replaced, which may be empty, and restore again.",
  },
];

/** What a tool said, as what it means. Anything that is no tool's end is handed through. */
export const postgresFailure = (error: unknown, connection: DatabaseConnection): unknown => {
  if (!(error instanceof ToolFailed)) return error;
  const said = shortened(withoutPassword(error.said, connection)) || `it ended with ${error.code} and said nothing.`;
  const reading = readings.find(({ says, by = "" }) => error.message.startsWith(by) && says.test(error.said));
  const ending = /[.!?]$/.test(said) ? "" : ".";
  return new DatabaseFailure(
    reading?.kind ?? "ToolFailed",
    `The database ${databaseLabel(connection)}: ${said}${ending}${reading === undefined ? "" : ` ${reading.hint}`}`,
    { cause: error },
  );
};

const shortened = (said: string): string => {
  const line = said
    .replaceAll(/^(?:psql|pg_dump|pg_restore): (?:error: |fatal: )?/gm, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
  return line.length > 600 ? `${line.slice(0, 300)} ... ${line.slice(-290)}` : line;
};
