import { DatabaseFailure } from "../../../domain/database.ts";
import { definersNote, inOwnName, soleDefiner } from "./definers.ts";
import { literal, name } from "./names.ts";
import type { Row } from "./read-rows.ts";
import { withoutOwnName } from "./view-text.ts";
import type { Session } from "./session.ts";

/** What of a database is no table: it cannot be moved to another one, only made there anew. In the order of making. */
export const objectKinds = ["FUNCTION", "PACKAGE", "PACKAGE BODY", "PROCEDURE", "VIEW", "TRIGGER", "EVENT"] as const;
type ObjectKind = (typeof objectKinds)[number];

export interface DatabaseObject {
  readonly kind: ObjectKind;
  readonly name: string;
}

/** An object with what makes it again, as the server tells it. */
export interface DefinedObject extends DatabaseObject {
  readonly sql: string;
  readonly sqlMode: string;
  readonly collation: string;
  readonly timeZone: string;
  /** The database's own when it was made; texts in routines compare by it. */
  readonly databaseCollation: string;
}

const isObjectKind = (text: string): text is ObjectKind => objectKinds.some((kind) => kind === text);

/** Triggers in the order in which they fire. */
export const listObjects = async (session: Session, database: string): Promise<readonly DatabaseObject[]> => {
  const here = literal(database);
  const rows = await session.results([
    `SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${here} ORDER BY ROUTINE_NAME`,
    `SELECT 'VIEW', TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${here} ORDER BY TABLE_NAME`,
    `SELECT 'TRIGGER', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${here} ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER`,
    `SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${here} ORDER BY EVENT_NAME`,
  ]);
  const found = rows.flat().map(([kind = "", object = ""]) => {
    if (!isObjectKind(kind)) throw new Error(`The server has objects of a kind that is not known here: ${kind}.`);
    return { kind, name: object };
  });
  return objectKinds.flatMap((kind) => found.filter((one) => one.kind === kind));
};

/** Tables of ours beside those that are moved. */
export const journalPrefix = "lifeboat_journal_";

/** Base tables and sequences: what RENAME TABLE moves. */
export const listTables = async (session: Session, database: string): Promise<readonly string[]> => {
  const rows = await session.rows({
    sql: `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(database)} AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW') ORDER BY TABLE_NAME`,
  });
  return rows.map(([table = ""]) => table).filter((table) => !table.startsWith(journalPrefix));
};

/** Asked with the database as the default one, so that its own name is not written into the definitions. */
export const defineObjects = async (session: Session, database: string): Promise<readonly DefinedObject[]> => {
  const objects = await listObjects(session, database);
  const made = await session.results(
    objects.map((one) => `SHOW CREATE ${one.kind} ${name(one.name)}`),
    database,
  );
  return objects.map((one, index) => {
    const found = defined(one, made[index]?.[0] ?? []);
    return one.kind === "VIEW" ? { ...found, sql: withoutOwnName(found.sql, database) } : found;
  });
};

/** Where `SHOW CREATE` of each kind puts what: the statement, the SQL mode, the connection's collation, the time zone, the database's collation. */
const columns: Readonly<Record<ObjectKind, readonly [number, number, number, number, number]>> = {
  FUNCTION: [2, 1, 4, -1, 5],
  PROCEDURE: [2, 1, 4, -1, 5],
  PACKAGE: [2, 1, 4, -1, 5],
  "PACKAGE BODY": [2, 1, 4, -1, 5],
  VIEW: [1, -1, 3, -1, -1],
  TRIGGER: [2, 1, 4, -1, 5],
  EVENT: [3, 1, 5, 2, 6],
};

const defined = (object: DatabaseObject, row: Row): DefinedObject => {
  const [sql = "", sqlMode = "", collation = "", timeZone = "", databaseCollation = ""] = columns[object.kind].map(
    (column) => row[column] ?? "",
  );
  if (!/^CREATE /i.test(sql))
    throw new DatabaseFailure(
      "NotAllowed",
      `The user may not read what makes the ${object.kind.toLowerCase()} ${object.name}. Let an administrator GRANT it SELECT ON mysql.proc (MariaDB) or SHOW_ROUTINE (MySQL), and SHOW VIEW, TRIGGER and EVENT on the database.`,
    );
  return { ...object, sql, sqlMode, collation, timeZone, databaseCollation };
};

const drops = (database: string, { kind, name: object }: DatabaseObject): readonly string[] => {
  const drop = `DROP ${kind} IF EXISTS ${name(database)}.${name(object)}`;
  // Most servers know the word only in this mode.
  return kind.startsWith("PACKAGE")
    ? ["SET @lifeboat_mode = @@sql_mode, sql_mode = 'ORACLE'", drop, "SET sql_mode = @lifeboat_mode"]
    : [drop];
};

/** Triggers first: they may use the rest. Twice is no error. */
export const dropObjects = async (session: Session, database: string): Promise<void> => {
  const present = await listObjects(session, database);
  if (present.length > 0) await session.results(present.toReversed().flatMap((one) => drops(database, one)));
};

/**
 * Makes what is not there yet. Those that need others are tried again after them; throws what stands against the rest. The
 * database's collation is changed for it: to be set afterwards. Answers notes for the log.
 */
export const makeObjects = async (
  session: Session,
  database: string,
  wanted: readonly DefinedObject[],
): Promise<readonly string[]> => {
  const present = await listObjects(session, database);
  const isThere = ({ kind, name: object }: DatabaseObject): boolean =>
    present.some((one) => one.kind === kind && one.name === object);
  const missing = wanted.filter((one) => !isThere(one));
  if (missing.length === 0) return [];
  const sole = await soleDefiner(session);
  const own =
    sole === undefined ? missing : missing.map((one) => ({ ...one, sql: inOwnName(one.sql, sole) ?? one.sql }));
  const notes: string[] = [];
  let open = (await madeTogether(session, database, own)) ? [] : own;
  while (open.length > 0) {
    const failed: { readonly object: DefinedObject; readonly error: unknown }[] = [];
    for (const object of open) {
      try {
        await session.results(dropAndCreate(database, object), database);
      } catch (error) {
        failed.push({ object, error });
      }
    }
    const lost = failed.length < open.length ? undefined : failed.find((one) => !isBrokenView(one));
    if (lost !== undefined) throw lost.error;
    if (failed.length === open.length) {
      notes.push(...failed.map(({ object }) => brokenViewNote(object)));
      break;
    }
    open = failed.map(({ object }) => object);
  }
  notes.push(...(await pastNotes(session, database, missing)));
  const changed = own.filter(({ sql }, index) => sql !== missing[index]?.sql).length;
  return changed === 0 ? notes : [definersNote(changed), ...notes];
};

/** Servers take the definition of an event whose time has passed without an error, and make none. */
export const pastNotes = async (
  session: Session,
  database: string,
  wanted: readonly DatabaseObject[],
): Promise<readonly string[]> => {
  const events = wanted.filter(({ kind }) => kind === "EVENT");
  if (events.length === 0) return [];
  const present = await listObjects(session, database);
  return events
    .filter((one) => !present.some(({ kind, name: event }) => kind === "EVENT" && event === one.name))
    .map((one) => `The event ${one.name} is not there: the time at which it was to run has passed.`);
};

/** A view of what is not there: the server keeps it as it is, and makes none anew. */
const isBrokenView = ({ object, error }: { readonly object: DatabaseObject; readonly error: unknown }): boolean =>
  object.kind === "VIEW" && error instanceof DatabaseFailure && /ERROR (?:1356|1146|1054|1305)\b/.test(error.message);

/** With its text: nothing else has it any more. */
const brokenViewNote = ({ name: view, sql }: DefinedObject): string =>
  `The view ${view} refers to something that is not there; it could not be made anew. Its text, for when that is there again: ${sql.slice(0, 2_000)}`;

/** Mostly nothing needs what comes after it; one call is much faster than many. */
const madeTogether = async (session: Session, database: string, all: readonly DefinedObject[]): Promise<boolean> => {
  try {
    await session.results(all.flatMap(creation), database);
    return true;
  } catch (error) {
    if (error instanceof DatabaseFailure && error.kind !== "Unreachable") return false;
    throw error;
  }
};

/** What the common call has made already is made again; it has waited long enough for tables that others hold locked. */
const dropAndCreate = (database: string, object: DefinedObject): readonly string[] => [
  "SET lock_wait_timeout = 5",
  ...drops(database, object),
  ...creation(object),
];

const creation = ({ sql, sqlMode, collation, timeZone, databaseCollation }: DefinedObject): readonly string[] => [
  ...(collation === "" ? [] : [`SET collation_connection = ${literal(collation)}`]),
  ...(timeZone === "" ? [] : [`SET time_zone = ${literal(timeZone)}`]),
  // A word of the server's; it stands for its character set too.
  ...(databaseCollation === "" ? [] : [`ALTER DATABASE COLLATE ${name(databaseCollation)}`]),
  `SET sql_mode = ${literal(sqlMode)}`,
  sql,
];
