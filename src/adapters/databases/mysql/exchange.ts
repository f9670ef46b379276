import { databaseLabel, DatabaseFailure } from "../../../domain/database.ts";
import type { Exchanged, LoadReport } from "../../../ports/database-tool.ts";
import { readJournal, setState, writeJournal, type Journal, type Side } from "./journal.ts";
import { withEvents } from "./events.ts";
import { literal, name, qualified } from "./names.ts";
import { defineObjects, dropObjects, listTables, makeObjects } from "./objects.ts";
import { ownSequences } from "./own-sequences.ts";
import type { Session } from "./session.ts";

/**
 * Tables can be renamed into another database, all in one statement; nothing else can. So: note everything in a journal;
 * drop triggers (they forbid the renames), views, routines and events; rename the live tables to the kept database and the
 * loaded ones to the live one; have columns take their numbers from the live sequences; make the loaded database's
 * triggers, views, routines and events in the live one; drop the scratch database, which ends the exchange. Every part looks
 * at what is there, so each may be done again after a crash.
 */
export const switchIn = async (session: Session, exchanged: Exchanged): Promise<LoadReport> => {
  const live = session.connection.database;
  const { scratch, kept } = exchanged;
  if (!(await exists(session, scratch))) return { notes: [] };
  const journal = (await readJournal(session, kept)) ?? (await beginJournal(session, exchanged));
  if (journal.state === "puttingBack")
    throw new DatabaseFailure("Busy", `The database ${databaseLabel(session.connection)} is being put back.`);
  await session.rows({ sql: `CREATE DATABASE IF NOT EXISTS ${name(live)} ${journal.fresh.options}` });
  await moveForward(session, exchanged, journal);
  await ownSequences(session, { live, scratch });
  const notes = await makeObjects(session, live, journal.fresh.objects);
  await session.rows({ sql: `ALTER DATABASE ${name(live)} ${journal.fresh.options}` });
  await setState(session, kept, "switched");
  await dropDatabase(session, scratch);
  return { notes };
};

const beginJournal = async (session: Session, { scratch, kept, replaces }: Exchanged): Promise<Journal> => {
  const live = session.connection.database;
  const appeared = !replaces && (await exists(session, live)) && (await listTables(session, live)).length > 0;
  if (appeared)
    throw new DatabaseFailure(
      "Busy",
      `The database ${databaseLabel(session.connection)} has been made by others meanwhile.`,
    );
  const fresh = await sideOf(session, scratch);
  const objects = await withEvents(session, scratch, fresh.objects);
  const sides = { live: await sideOf(session, live), fresh: { ...fresh, objects } };
  await writeJournal(session, kept, sides);
  return { state: "switching", ...sides };
};

const moveForward = async (session: Session, { scratch, kept }: Exchanged, { live, fresh }: Journal): Promise<void> => {
  const database = session.connection.database;
  const waiting = new Set(await listTables(session, scratch));
  const moved = new Set(await listTables(session, kept));
  // Also what somebody has made in the live database since the journal was written, as long as nothing has moved.
  const present = await listTables(session, database);
  const old = moved.size === 0 ? present : live.tables.filter((table) => !moved.has(table));
  const renames = [
    ...(waiting.size === fresh.tables.length ? old : []).map((table) => [database, kept, table] as const),
    ...fresh.tables.filter((table) => waiting.has(table)).map((table) => [scratch, database, table] as const),
  ];
  if (renames.length === 0) return;
  await endConnections(session, database);
  await dropObjects(session, database);
  await dropObjects(session, scratch);
  await rename(session, renames);
};

/** What was kept is live again; what the exchange put there goes with the scratch database. */
export const switchBack = async (session: Session, { scratch, kept, replaces }: Exchanged): Promise<LoadReport> => {
  const live = session.connection.database;
  const journal = await readJournal(session, kept);
  let notes: readonly string[] = [];
  if (!replaces) {
    // Without a journal nothing was begun, or all is taken back: what is live is somebody else's.
    if (journal !== undefined) await dropDatabase(session, live);
  } else if (journal !== undefined) notes = await moveBack(session, { scratch, kept, replaces }, journal);
  await dropDatabase(session, scratch);
  await dropDatabase(session, kept);
  return { notes };
};

const moveBack = async (
  session: Session,
  { scratch, kept }: Exchanged,
  journal: Journal,
): Promise<readonly string[]> => {
  const live = session.connection.database;
  await setState(session, kept, "puttingBack");
  await session.rows({ sql: `CREATE DATABASE IF NOT EXISTS ${name(live)} ${journal.live.options}` });
  const returning = await listTables(session, kept);
  const begun =
    returning.length > 0 || (journal.live.tables.length === 0 && (await hasFresh(session, scratch, journal)));
  if (begun) {
    // A table that was live and is not kept was never moved: everything else there is the restore's, or newer.
    const stays = new Set(journal.live.tables.filter((table) => !returning.includes(table)));
    const leaving = (await listTables(session, live)).filter((table) => !stays.has(table));
    await endConnections(session, live);
    await dropObjects(session, live);
    await session.results([`DROP DATABASE IF EXISTS ${name(scratch)}`, `CREATE DATABASE ${name(scratch)}`]);
    await rename(session, [
      ...leaving.map((table) => [live, scratch, table] as const),
      ...returning.map((table) => [kept, live, table] as const),
    ]);
  }
  const notes = await makeObjects(session, live, journal.live.objects);
  await session.rows({ sql: `ALTER DATABASE ${name(live)} ${journal.live.options}` });
  return notes;
};

/** A live database without tables keeps none: whether the loaded ones have come is seen by their being gone from scratch. */
const hasFresh = async (session: Session, scratch: string, { fresh }: Journal): Promise<boolean> => {
  const waiting = new Set(await listTables(session, scratch));
  return fresh.tables.some((table) => !waiting.has(table)) || fresh.tables.length === 0;
};

const sideOf = async (session: Session, database: string): Promise<Side> => {
  const [row] = await session.rows({
    sql: `SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${literal(database)}`,
  });
  if (row === undefined) return { tables: [], objects: [], options: "" };
  return {
    tables: await listTables(session, database),
    objects: await defineObjects(session, database),
    options: row[0] ?? "",
  };
};

/** One statement: every table of it, or none. */
const rename = async (session: Session, moves: readonly (readonly [string, string, string])[]): Promise<void> => {
  const list = moves.map(([from, to, table]) => `${qualified(from, table)} TO ${qualified(to, table)}`);
  if (list.length > 0) await session.rows({ sql: `RENAME TABLE ${list.join(", ")}` });
};

const exists = async (session: Session, database: string): Promise<boolean> => {
  const [row] = await session.rows({
    sql: `SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${literal(database)}`,
  });
  return row?.[0] === "1";
};

export const dropDatabase = async (session: Session, database: string): Promise<void> => {
  if (!(await exists(session, database))) return;
  await endConnections(session, database);
  await session.rows({ sql: `DROP DATABASE IF EXISTS ${name(database)}` });
};

/** Others' connections with this as their database; those the user may not end are waited for where they hold something. */
const endConnections = async (session: Session, database: string): Promise<void> => {
  const rows = await session.rows({
    sql: `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ${literal(database)} AND ID <> CONNECTION_ID()`,
  });
  for (const [id = ""] of rows) {
    try {
      await session.rows({ sql: `KILL ${id}` });
    } catch (error) {
      // Gone by itself, or somebody else's: the renames wait for it.
      if (!(error instanceof DatabaseFailure)) throw error;
    }
  }
};
