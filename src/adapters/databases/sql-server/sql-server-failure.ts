import {
  databaseLabel,
  DatabaseFailure,
  type DatabaseConnection,
  type DatabaseFailureKind,
} from "../../../domain/database.ts";
import { ToolFailed } from "../tool-process.ts";
import { withoutPassword } from "../without-password.ts";

/** Numbers of SQL Server and Azure SQL. */
const numbers: readonly (readonly [DatabaseFailureKind, readonly number[]])[] = [
  ["LoginRefused", [18452, 18456, 18461, 18470, 18486, 18487, 18488, 40532]],
  ["DatabaseMissing", [911, 4060, 40801]],
  ["NotAllowed", [229, 230, 262, 300, 916, 3701, 5011, 6102, 15151, 15247, 15622, 40615, 40914, 42019]],
  ["Full", [1101, 1105, 1132, 5149, 9002, 40544, 40549, 40551]],
  ["Busy", [1205, 1222, 1807, 5061, 5070, 10928, 10929, 40197, 40501]],
  ["Unreachable", [233, 4221, 10053, 10054, 10060, 10061, 40143, 40613, 40540, 49918]],
];

const kindByCode: Readonly<Partial<Record<string, DatabaseFailureKind>>> = {
  ELOGIN: "LoginRefused",
  ESOCKET: "Unreachable",
  ETIMEOUT: "Unreachable",
  EINSTLOOKUP: "Unreachable",
  ECONNCLOSED: "Unreachable",
};

/** What SqlPackage says without a number. */
const sayings: readonly (readonly [DatabaseFailureKind, RegExp])[] = [
  ["Full", /not enough space|no space left|disk is full|could not allocate space/i],
  ["TlsRefused", /certificate|ssl provider|encryption was enabled|self[- ]signed/i],
  ["LoginRefused", /login failed for user|AADSTS/i],
  ["DatabaseMissing", /cannot open database|database .* does not exist/i],
  ["NotAllowed", /permission was denied|does not have permission|not authorized|CREATE DATABASE permission/i],
  [
    "DumpDamaged",
    /file contains corrupted data|not a valid (?:bacpac|package)|end of central directory|could not load package|package is not valid/i,
  ],
  ["ToolTooOld", /newer version of|not supported by this version|schema provider .* not found/i],
  [
    "Unreachable",
    /network-related|could not (?:open a connection|connect)|actively refused|timed? ?out|name or service not known/i,
  ],
];

const hints: Readonly<Partial<Record<DatabaseFailureKind, string>>> = {
  ToolTooOld: "Install the newest SqlPackage.",
  Unreachable: "Check host, port and the server's firewall, and whether it is up.",
  TlsRefused: "Check Encrypt and TrustServerCertificate in the connection string.",
  LoginRefused: "Check user and password in the connection string, or the rights of Lifeboat's identity.",
  DatabaseMissing: "Check the database's name in the connection string.",
  NotAllowed: "Grant the user what it lacks (docs/databases.md lists what is needed).",
  DumpDamaged: "Restore another backup.",
  Full: "Make room at the server, and where Lifeboat keeps its data.",
  Busy: "Wait for what else holds the database, and try again.",
};

/** What SqlPackage or the server said, as what it means. Anything else is handed through. */
export const sqlServerFailure = (error: unknown, connection: DatabaseConnection): unknown => {
  if (error instanceof DatabaseFailure || !(error instanceof Error)) return error;
  const said = error instanceof ToolFailed ? error.said : error.message;
  const kind = error instanceof ToolFailed ? kindBySaying(said) : kindOfClient(error);
  if (kind === undefined) return error;
  const shown = withoutPassword(said, connection)
    .replaceAll(/\s*\n\s*/g, " ")
    .trim()
    .slice(-500);
  const sentence = `The database ${databaseLabel(connection)}: ${shown === "" ? "SqlPackage ended and said nothing." : shown}`;
  return new DatabaseFailure(kind, `${sentence}${/[.!?]$/.test(sentence) ? "" : "."} ${hints[kind] ?? ""}`.trimEnd(), {
    cause: error,
  });
};

const kindBySaying = (said: string): DatabaseFailureKind => {
  const number = Number(/\b(?:Error(?: Number)?:?|Msg|SQL\d{5}:.*Msg) (\d{3,5})\b/i.exec(said)?.[1] ?? Number.NaN);
  const byNumber = numbers.find(([, all]) => all.includes(number))?.[0];
  return byNumber ?? sayings.find(([, says]) => says.test(said))?.[0] ?? "ToolFailed";
};

/** Undefined for what no server and no line has said. */
const kindOfClient = (error: Error): DatabaseFailureKind | undefined => {
  const [number, code] = [Reflect.get(error, "number"), Reflect.get(error, "code")];
  const byNumber = numbers.find(([, all]) => typeof number === "number" && all.includes(number))?.[0];
  if (byNumber !== undefined) return byNumber;
  if (/certificate|self[- ]signed|TLS|SSL/i.test(error.message)) return "TlsRefused";
  if (typeof code === "string" && kindByCode[code] !== undefined) return kindByCode[code];
  return typeof number === "number" || code === "EREQUEST" ? "ToolFailed" : undefined;
};
