import {
  databaseLabel,
  DatabaseFailure,
  type DatabaseConnection,
  type DatabaseFailureKind,
} from "../../../domain/database.ts";
import { ToolFailed } from "../tool-process.ts";
import { withoutPassword } from "../without-password.ts";

const hints: Readonly<Record<DatabaseFailureKind, string>> = {
  ToolMissing: "",
  ToolTooOld: "Install the client programs of the server's own vendor, at least as new as the server.",
  Unreachable: "Check host, port and firewall, and whether the server is up.",
  TlsRefused: "Check the connection string's SSL mode and the authority it trusts.",
  LoginRefused: "Check user and password in the connection string.",
  DatabaseMissing: "Check the database's name in the connection string.",
  NotAllowed: "Grant the user what it lacks (docs/databases.md lists what is needed).",
  DumpDamaged: "Restore another backup.",
  Full: "Free space on the server's disk.",
  Busy: "Something else holds the database or its last connection. Wait for it to end, or end it, and try again.",
  TimedOut: "",
  NotDescribed: "",
  ToolFailed: "",
};

/** By number: the servers' own of both vendors, and the client library's (2000 and up). */
const kinds: readonly (readonly [DatabaseFailureKind, readonly number[]])[] = [
  ["TlsRefused", [2026, 3159]],
  ["LoginRefused", [1045, 1251, 1275, 1524, 1698, 1820, 1862, 3118, 3772, 3878, 3955, 4151]],
  ["DatabaseMissing", [1049]],
  ["NotAllowed", [1044, 1130, 1142, 1143, 1227, 1290, 1370, 1410, 1418, 1419, 1449, 1792, 1836, 9000]],
  ["Full", [1021, 1114, 1041, 3675]],
  ["Busy", [1040, 1203, 1205, 1213, 1226]],
  ["ToolTooOld", [2059, 2061]],
  ["Unreachable", [1053, 1077, 1129, 1152, 1158, 1159, 1160, 1161, 1189, 2002, 2003, 2005, 2006, 2012, 2013, 2055]],
  ["DumpDamaged", [1064, 1149]],
];

/** The number of what a tool said last: `ERROR 1045 (28000)`, `Got error: 2013`, `Error 1412`, `...: Disk full (1021)`. */
const errorNumber = (said: string): number | undefined => {
  const numbers = [...said.matchAll(/\berror:? (\d{4})\b|\((\d{4})\)\s*$/gim)].map((match) =>
    Number(match[1] ?? match[2]),
  );
  return numbers.at(-1);
};

const kindOf = (said: string): DatabaseFailureKind => {
  if (/No space left on device|errno: 28\b|Errcode: 28\b/i.test(said)) return "Full";
  if (/insufficient privileges|insufficent privileges/i.test(said)) return "NotAllowed";
  const number = errorNumber(said);
  return kinds.find(([, numbers]) => number !== undefined && numbers.includes(number))?.[0] ?? "ToolFailed";
};

const shownCharacters = 400;

/** What MariaDB says when a table that is loaded in bulk cannot be finished, whatever the reason. */
const atCommit = 1180;
const commitHint =
  "Mostly there is no room on the server's disk (or its tmpdir); else rows contradict an index. The server's log tells which.";

/** A function or a trigger that a server which logs for replication does not take. */
const distrusted = [1418, 1419];
const distrustedHint =
  "Let an administrator SET GLOBAL log_bin_trust_function_creators = 1 (docs/databases.md says what else would do).";

/** The server takes no changes, whoever asks. */
const readOnly = [1290, 1792, 1836];
const readOnlyHint =
  "The server takes no changes now: it is a replica, or was set so, as clouds do when its storage is nearly full.";

/** What a tool or a program said, as what it means. Anything that is no tool's end is handed through. */
export const mysqlFailure = (error: unknown, connection: DatabaseConnection): unknown => {
  if (!(error instanceof ToolFailed)) return error;
  const complaint = complaintIn(error.said);
  const kind = kindOf(complaint);
  const said = withoutRows(withoutPassword(complaint, connection))
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
  const shown = said === "" ? `it ended with ${error.code} and said nothing.` : said.slice(0, shownCharacters);
  const sentence = `The database ${databaseLabel(connection)}: ${shown}${/[.!?]$/.test(shown) ? "" : "."}`;
  const hint = hintFor(kind, errorNumber(complaint));
  return new DatabaseFailure(kind, `${sentence} ${hint}`.trimEnd(), { cause: error });
};

const hintFor = (kind: DatabaseFailureKind, number: number | undefined): string => {
  if (number === atCommit) return commitHint;
  if (number !== undefined && distrusted.includes(number)) return distrustedHint;
  return number !== undefined && readOnly.includes(number) ? readOnlyHint : hints[kind];
};

/** The client repeats the broken statement, rows and all, before it says what is wrong with it. */
const complaintIn = (said: string): string => {
  const last = [...said.matchAll(/^(?:ERROR \d+|\S*(?:mysql|mariadb)\S*: )/gm)].at(-1);
  return last === undefined ? "" : said.slice(last.index);
};

/** What stands in tables, and pieces of a broken statement, are nothing for a log. */
const withoutRows = (said: string): string =>
  said
    .replaceAll(/(Duplicate entry )'[^]*?'( for key)/g, "$1...$2")
    .replaceAll(/(value: )'[^]*?'( for column)/g, "$1...$2")
    .replaceAll(/ to use near '[^]*?'( at line \d+)/g, "$1");
