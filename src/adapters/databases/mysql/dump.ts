import { databaseLabel, DatabaseFailure } from "../../../domain/database.ts";
import type { Dumping } from "../../../ports/database-tool.ts";
import { changedTexts } from "./changed-texts.ts";
import { literal, name } from "./names.ts";
import { listObjects, type DatabaseObject } from "./objects.ts";
import type { Session } from "./session.ts";

/** Stands first in a dump: what `mysqldump` of one database does not say of it. For every other reader it is a comment. */
const heading = (database: { readonly characterSet: string; readonly collation: string }): string =>
  `-- Lifeboat: CHARACTER SET ${database.characterSet} COLLATE ${database.collation}\n`;

export const headingPattern = /^-- Lifeboat: (CHARACTER SET \w+ COLLATE \w+)$/;

/** One transaction for all of InnoDB's tables, no locks, and everything that belongs to the database. */
const dumpOptions = ({ programs: { dump } }: Session): readonly string[] => [
  "--single-transaction",
  "--skip-lock-tables",
  "--quick",
  "--routines",
  "--triggers",
  "--events",
  "--hex-blob",
  "--no-tablespaces",
  "--skip-add-drop-table",
  "--skip-add-locks",
  "--comments",
  "--skip-dump-date",
  "--max-allowed-packet=1G",
  ...(dump.vendor === "MySQL" ? ["--loose-column-statistics=0", "--loose-set-gtid-purged=OFF"] : []),
];

export async function* dumpDatabase(session: Session, { lacks }: Pick<Dumping, "lacks">): AsyncGenerator<Uint8Array> {
  const { connection, programs } = session;
  const changed = await changedTexts(session);
  if (changed !== undefined) lacks?.(changed);
  const [row = []] = await session.rows({
    sql: `SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${literal(connection.database)}`,
  });
  const [characterSet, collation] = row;
  if (characterSet !== undefined && collation !== undefined) yield Buffer.from(heading({ characterSet, collation }));
  const ignored = (await brokenViews(session)).map((view) => `--ignore-table=${connection.database}.${view}`);
  const args = [...dumpOptions(session), ...ignored, "--", connection.database];
  yield* session.stream(programs.dump, { args, whyToEnd: (rows) => whyBlocked(session, rows) });
}

/** The dump tools cannot be told how long to wait for a table that others hold locked, and servers wait a day. */
const whyBlocked = async (
  { connection, patienceMs }: Session,
  rows: Session["rows"],
): Promise<DatabaseFailure | undefined> => {
  const lockWaitSeconds = patienceMs / 1_000;
  const [row] = await rows({
    sql: `SELECT LEFT(INFO, 120) FROM information_schema.PROCESSLIST WHERE DB = ${literal(connection.database)} AND USER = SUBSTRING_INDEX(USER(), '@', 1) AND STATE LIKE 'Waiting for table%lock' AND TIME >= ${lockWaitSeconds} AND (INFO LIKE '%SQL_NO_CACHE%' OR INFO LIKE 'SHOW %')`,
  });
  if (row === undefined) return undefined;
  const reason = `The dump has waited ${lockWaitSeconds} seconds for a table that others hold locked (${row[0]}). Ask who does (SHOW PROCESSLIST), and try again.`;
  return new DatabaseFailure("Busy", `The database ${databaseLabel(connection)}: ${reason}`);
};

/** MariaDB tells the columns of every view that its dump tool can read, also of one whose definer is gone. */
const viewsWithoutColumns = async (session: Session, views: readonly DatabaseObject[]): Promise<readonly string[]> => {
  const here = literal(session.connection.database);
  const rows = await session.rows({
    sql: `SELECT DISTINCT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${here}`,
  });
  const readable = new Set(rows.map(([table = ""]) => table));
  return views.map((view) => view.name).filter((view) => !readable.has(view));
};

/** Views of what is not there any more; the dump tools give up at the first. */
export const brokenViews = async (session: Session): Promise<readonly string[]> => {
  const { database } = session.connection;
  const views = (await listObjects(session, database)).filter(({ kind }) => kind === "VIEW");
  if (views.length === 0) return [];
  if (session.vendor === "MariaDB") return viewsWithoutColumns(session, views);
  const checked = await session.rows({
    sql: `CHECK TABLE ${views.map((view) => name(view.name)).join(", ")}`,
    database,
  });
  const broken = checked.filter(([, , kind = ""]) => kind.toLowerCase() === "error");
  return [...new Set(broken.map(([view = ""]) => view.slice(database.length + 1)))];
};
