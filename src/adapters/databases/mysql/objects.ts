import { literal, name } from "./names.ts";
import type { Row } from "./read-rows.ts";
import type { Session } from "./session.ts";

/** What of a database is no table: it cannot be moved to another one, only made there anew. In the order of making. */
export const objectKinds = ["FUNCTION", "PACKAGE", "PACKAGE BODY", "PROCEDURE", "VIEW", "TRIGGER", "EVENT"] as const;
export type ObjectKind = (typeof objectKinds)[number];

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
  return objects.map((one, index) => defined(one, made[index]?.[0] ?? []));
};

/** Where `SHOW CREATE` of each kind puts what: the statement, the SQL mode, the connection's collation, the time zone. */
const columns: Readonly<Record<ObjectKind, readonly [number, number, number, number]>> = {
  FUNCTION: [2, 1, 4, -1],
  PROCEDURE: [2, 1, 4, -1],
  PACKAGE: [2, 1, 4, -1],
  "PACKAGE BODY": [2, 1, 4, -1],
  VIEW: [1, -1, 3, -1],
  TRIGGER: [2, 1, 4, -1],
  EVENT: [3, 1, 5, 2],
};

const defined = (object: DatabaseObject, row: Row): DefinedObject => {
  const [sql, sqlMode, collation, timeZone] = columns[object.kind].map((column) => row[column] ?? "");
  if (sql === undefined || !/^CREATE /i.test(sql))
    throw new NotShown(
      `The definition of the ${object.kind.toLowerCase()} ${object.name} may not be read by this user.`,
    );
  return { ...object, sql, sqlMode: sqlMode ?? "", collation: collation ?? "", timeZone: timeZone ?? "" };
};

export class NotShown extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NotShown";
  }
}

const drops = (database: string, { kind, name: object }: DatabaseObject): string =>
  `DROP ${kind} IF EXISTS ${name(database)}.${name(object)}`;

/** Triggers first: they may use the rest. Twice is no error. */
export const dropObjects = async (session: Session, database: string): Promise<void> => {
  const present = await listObjects(session, database);
  if (present.length > 0) await session.results(present.toReversed().map((one) => drops(database, one)));
};

/** Makes what is not there yet. Those that need others are tried again after them; throws what stands against the rest. */
export const makeObjects = async (
  session: Session,
  database: string,
  wanted: readonly DefinedObject[],
): Promise<void> => {
  const present = await listObjects(session, database);
  const isThere = ({ kind, name: object }: DatabaseObject): boolean =>
    present.some((one) => one.kind === kind && one.name === object);
  let open = wanted.filter((one) => !isThere(one));
  while (open.length > 0) {
    const failed: { readonly object: DefinedObject; readonly error: unknown }[] = [];
    for (const object of open) {
      try {
        await session.results(creation(object), database);
      } catch (error) {
        failed.push({ object, error });
      }
    }
    if (failed.length === open.length) throw failed[0]?.error;
    open = failed.map(({ object }) => object);
  }
};

const creation = ({ sql, sqlMode, collation, timeZone }: DefinedObject): readonly string[] => [
  ...(collation === "" ? [] : [`SET collation_connection = ${literal(collation)}`]),
  ...(timeZone === "" ? [] : [`SET time_zone = ${literal(timeZone)}`]),
  `SET sql_mode = ${literal(sqlMode)}`,
  sql,
];
