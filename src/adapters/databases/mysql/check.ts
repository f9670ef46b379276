import { databaseLabel, DatabaseFailure, ownDatabasePrefix } from "../../../domain/database.ts";
import type { DatabaseCheck } from "../../../ports/database-tool.ts";
import { brokenViews } from "./dump.ts";
import { literal, name } from "./names.ts";
import { defineObjects, listObjects } from "./objects.ts";
import { accountOf, lackingPrivileges } from "./privileges.ts";
import type { Session } from "./session.ts";

/** What stands against a dump or a load, and what it will not promise. Throws DatabaseFailure. */
export const checkDatabase = async (session: Session, purpose: "dump" | "load"): Promise<DatabaseCheck> => {
  const content = await contentOf(session);
  if (content.state === "missing" && purpose === "dump") throw missing(session);
  if (purpose === "load") await refuseUnfit(session);
  else await refuseUnreadable(session);
  // Whether all definitions may be read is found out by reading them.
  if (content.state === "present") await defineObjects(session, session.connection.database);
  const { dump } = session.programs;
  return {
    tool: dump.name,
    toolVersion: dump.version,
    serverVersion: session.serverVersion,
    content: content.state,
    sizeBytes: content.sizeBytes,
    weaker: [...(await weakerPromises(session, purpose)), ...otherVendor(session)],
  };
};

const missing = ({ connection }: Session): DatabaseFailure =>
  new DatabaseFailure(
    "DatabaseMissing",
    `The database ${databaseLabel(connection)} does not exist, or its user may see nothing of it. Check the name and the user's privileges.`,
  );

const contentOf = async (session: Session) => {
  const { connection } = session;
  const here = literal(connection.database);
  const [schemas = [], tables = [], routines = [], events = []] = await session.results([
    `SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${here}`,
    `SELECT COUNT(*), CAST(COALESCE(SUM(DATA_LENGTH), 0) AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${here}`,
    `SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${here}`,
    `SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${here}`,
  ]);
  const objects = [tables, routines, events].reduce((sum, [row]) => sum + Number(row?.[0]), 0);
  const state: DatabaseCheck["content"] = schemas[0]?.[0] === "0" ? "missing" : objects === 0 ? "empty" : "present";
  return { state, sizeBytes: Number(tables[0]?.[1]) };
};

/** Without these the dump tools leave things out in silence: they list only what their user may see. */
const forDump = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE"];
const forLoad = [
  "SELECT",
  "INSERT",
  // The journal of the exchange changes its state, both ways.
  "UPDATE",
  "CREATE",
  "DROP",
  "ALTER",
  "INDEX",
  "REFERENCES",
  "CREATE VIEW",
  "TRIGGER",
  "EVENT",
];

const refuseUnreadable = async (session: Session): Promise<void> => {
  const { database } = session.connection;
  const lacking = await lackingPrivileges(session, database, forDump);
  if (lacking.length > 0) throw await lacks(session, lacking, `${name(database)}.*`);
};

const refuseUnfit = async (session: Session): Promise<void> => {
  const { connection } = session;
  if (connection.isReadOnly)
    throw new DatabaseFailure(
      "NotAllowed",
      `The database ${databaseLabel(connection)} is a copy that can only be read. Name the writable server for a restore.`,
    );
  const here = literal(connection.database);
  const [readOnly = [], references = []] = await session.results([
    "SELECT @@GLOBAL.read_only",
    `SELECT CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = ${here} AND CONSTRAINT_SCHEMA <> ${here} LIMIT 1`,
  ]);
  const outside = references[0]?.[0];
  if (outside !== undefined)
    throw new DatabaseFailure(
      "NotAllowed",
      `${outside} refers to the database ${databaseLabel(connection)} by a foreign key, and would refer to the replaced tables after a restore. Drop that key first.`,
    );
  // Later versions of MariaDB answer with words.
  if (!/^(?:0|OFF)$/i.test(readOnly[0]?.[0] ?? ""))
    throw new DatabaseFailure("NotAllowed", `The server of ${databaseLabel(connection)} is read only.`);
  const kinds = await kindsIn(session);
  const wanted = [
    ...new Set([...forLoad, ...forKinds.flatMap(({ kind, privileges }) => (kinds.has(kind) ? privileges : []))]),
  ];
  for (const database of [connection.database, `${ownDatabasePrefix}s_any`]) {
    const lacking = await lackingPrivileges(session, database, wanted);
    const granted =
      database === connection.database ? name(database) : name(`${ownDatabasePrefix.replace("_", "\\_")}%`);
    if (lacking.length > 0) throw await lacks(session, lacking, `${granted}.*`);
  }
  await refuseDistrusted(session, kinds);
};

/** A server that logs for replication and does not trust: what the database has now could not be made anew, also by an undo. */
const refuseDistrusted = async (session: Session, kinds: ReadonlySet<string>): Promise<void> => {
  if (!kinds.has("FUNCTION") && !kinds.has("TRIGGER")) return;
  const distrust = await distrustIn(session);
  if (distrust === "none") return;
  const server = `The server of ${databaseLabel(session.connection)} logs for replication`;
  const trust = "Let an administrator SET GLOBAL log_bin_trust_function_creators = 1";
  const unmarked = await unmarkedFunctions(session);
  if (unmarked.length > 0)
    throw new DatabaseFailure(
      "NotAllowed",
      `${server}, and lets nobody make functions that are neither DETERMINISTIC nor NO SQL or READS SQL DATA, which the database has: ${unmarked.join(", ")}. ${trust}, or mark them (ALTER FUNCTION ... READS SQL DATA).`,
    );
  if (distrust === "everybody") return;
  throw new DatabaseFailure(
    "NotAllowed",
    `${server}, and lets only users with SUPER make functions and triggers, which the database has. ${trust}, or GRANT SUPER ON *.* to the user.`,
  );
};

/** The first few functions that say nothing of themselves that such a server would believe. */
const unmarkedFunctions = async (session: Session): Promise<readonly string[]> => {
  const rows = await session.rows({
    sql: `SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${literal(session.connection.database)} AND ROUTINE_TYPE = 'FUNCTION' AND IS_DETERMINISTIC = 'NO' AND SQL_DATA_ACCESS NOT IN ('NO SQL', 'READS SQL DATA') ORDER BY ROUTINE_NAME LIMIT 5`,
  });
  return rows.map(([routine = ""]) => routine);
};

/** What only some databases need: what is in the live one is, as a rule, what comes back. */
const forKinds = [
  { kind: "VIEW", privileges: ["SHOW VIEW"] },
  { kind: "FUNCTION", privileges: ["CREATE ROUTINE", "ALTER ROUTINE"] },
  { kind: "PROCEDURE", privileges: ["CREATE ROUTINE", "ALTER ROUTINE"] },
  { kind: "PACKAGE", privileges: ["CREATE ROUTINE", "ALTER ROUTINE"] },
] as const;

const kindsIn = async (session: Session): Promise<ReadonlySet<string>> =>
  new Set((await listObjects(session, session.connection.database)).map(({ kind }) => kind));

/** Whose functions the server does not take as they are; of users like this one it takes none, and no triggers. */
const distrustIn = async (session: Session): Promise<"none" | "everybody" | "thisUser"> => {
  const [row = []] = await session.rows({ sql: "SELECT @@GLOBAL.log_bin, @@GLOBAL.log_bin_trust_function_creators" });
  if (row[0] !== "1" || row[1] !== "0") return "none";
  const lacking = await lackingPrivileges(session, session.connection.database, ["SUPER"]);
  return lacking.length > 0 ? "thisUser" : "everybody";
};

const lacks = async (session: Session, lacking: readonly string[], on: string): Promise<DatabaseFailure> =>
  new DatabaseFailure(
    "NotAllowed",
    `The user of ${databaseLabel(session.connection)} lacks privileges. Let an administrator run: GRANT ${lacking.join(", ")} ON ${on} TO ${await accountOf(session)};`,
  );

const otherVendor = ({ vendor, programs: { dump } }: Session): readonly string[] =>
  dump.vendor === vendor
    ? []
    : [`The server is ${vendor}, and ${dump.name} here is ${dump.vendor}'s: what only ${vendor} has may be refused.`];

const manyTables = 1_000;

const weakerPromises = async (session: Session, purpose: "dump" | "load"): Promise<readonly string[]> => {
  const { connection } = session;
  const here = literal(connection.database);
  const [engines = [], versioned = [], floats = [], tables = []] = await session.results([
    `SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${here} AND TABLE_TYPE = 'BASE TABLE' AND ENGINE IN ('MyISAM', 'Aria', 'MEMORY', 'CSV', 'ARCHIVE', 'MERGE', 'MRG_MyISAM', 'FEDERATED', 'CONNECT') LIMIT 5`,
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${here} AND TABLE_TYPE = 'SYSTEM VERSIONED' LIMIT 5`,
    `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) FROM information_schema.COLUMNS JOIN information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME) WHERE TABLE_SCHEMA = ${here} AND DATA_TYPE = 'float' AND TABLE_TYPE <> 'VIEW' LIMIT 5`,
    `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${here} AND TABLE_TYPE <> 'VIEW'`,
  ]);
  const shown = (rows: readonly (readonly string[])[]): string => rows.map(([table]) => table).join(", ");
  const weaker: string[] = [];
  if (engines.length > 0)
    weaker.push(
      `${shown(engines)}: tables without transactions (${engines[0]?.[1]}) are copied while they change; only InnoDB's are of one moment.`,
    );
  if (versioned.length > 0 && purpose === "dump")
    weaker.push(`${shown(versioned)}: of system-versioned tables the rows of today are copied, not their history.`);
  if (floats.length > 0 && purpose === "dump")
    weaker.push(
      `${shown(floats)}: FLOAT values come back as the six digits that the server writes of them (16777217 as 16777200). DOUBLE and DECIMAL keep theirs.`,
    );
  const count = Number(tables[0]?.[0]);
  if (count > manyTables && purpose === "load")
    weaker.push(
      `The switch renames ${count} tables while the site is stopped: seconds for a thousand on a fast disk, minutes on a busy one.`,
    );
  const broken = purpose === "dump" ? await brokenViews(session) : [];
  if (broken.length > 0)
    weaker.push(`${broken.join(", ")}: views that refer to something that is not there are not in the dump.`);
  if (purpose === "load") {
    weaker.push(
      "The switch is one statement for all tables; triggers, views, routines and events are made anew right after it.",
    );
    if ((await distrustIn(session)) === "thisUser")
      weaker.push(
        "The server logs for replication and does not trust makers of functions and triggers: those of the dump may be refused.",
      );
  }
  return weaker;
};
