import { literal, name, qualified } from "./names.ts";
import { journalPrefix, objectKinds, type DefinedObject } from "./objects.ts";
import type { Session } from "./session.ts";

/**
 * What an exchange has to know to be finished or taken back, written into the kept database before the first change: the
 * tables of both sides, what has to be made anew, and the character sets.
 */
const states = `${journalPrefix}state`;
const tables = `${journalPrefix}tables`;
const objects = `${journalPrefix}objects`;
const durable = `${journalPrefix}durable`;

type JournalState = "switching" | "switched" | "puttingBack";

/** One database as it was when the exchange began. */
export interface Side {
  readonly tables: readonly string[];
  readonly objects: readonly DefinedObject[];
  /** `CHARACTER SET x COLLATE y`; empty when there was no database. */
  readonly options: string;
}

export interface Journal {
  readonly state: JournalState;
  readonly live: Side;
  readonly fresh: Side;
}

const isState = (text: string): text is JournalState => ["switching", "switched", "puttingBack"].includes(text);

/** Undefined when there is none, or one that was not written to its end: then nothing has been changed. */
export const readJournal = async (session: Session, kept: string): Promise<Journal | undefined> => {
  const [present] = await session.rows({
    sql: `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(kept)} AND TABLE_NAME = ${literal(states)}`,
  });
  if (present?.[0] !== "1") return undefined;
  const at = (table: string): string => qualified(kept, table);
  const [stateRows = [], tableRows = [], objectRows = []] = await session.results([
    `SELECT state, live_options, fresh_options FROM ${at(states)}`,
    `SELECT side, name FROM ${at(tables)} ORDER BY position`,
    `SELECT side, kind, name, sql_text, sql_mode, collation, time_zone, database_collation FROM ${at(objects)} ORDER BY position`,
  ]);
  const [state = "", liveOptions = "", freshOptions = ""] = stateRows[0] ?? [];
  if (!isState(state)) return undefined;
  const side = (which: string, options: string): Side => ({
    options,
    tables: tableRows.filter(([one]) => one === which).map(([, table = ""]) => table),
    objects: objectRows.filter(([one]) => one === which).map(objectOf),
  });
  return { state, live: side("live", liveOptions), fresh: side("fresh", freshOptions) };
};

const objectOf = (row: readonly string[]): DefinedObject => {
  const [, kind = "", object = "", sql = "", sqlMode = "", collation = "", timeZone = "", databaseCollation = ""] = row;
  const known = objectKinds.find((one) => one === kind);
  if (known === undefined) throw new Error(`The journal of an exchange names the unknown kind ${kind}.`);
  return { kind: known, name: object, sql, sqlMode, collation, timeZone, databaseCollation };
};

/**
 * The state is written last: without it there is no journal. A server may keep commits in memory for a second
 * (innodb_flush_log_at_trx_commit), and not what becomes of tables: with one more of them all before it is on the disk.
 */
export const writeJournal = async (
  session: Session,
  kept: string,
  { live, fresh }: Omit<Journal, "state">,
): Promise<void> => {
  const at = (table: string): string => qualified(kept, table);
  const sides = [["live", live] as const, ["fresh", fresh] as const];
  const tableRows = sides.flatMap(([side, { tables: all }]) => all.map((table) => [side, table]));
  const objectRows = sides.flatMap(([side, { objects: all }]) =>
    all.map((one) => [
      side,
      one.kind,
      one.name,
      one.sql,
      one.sqlMode,
      one.collation,
      one.timeZone,
      one.databaseCollation,
    ]),
  );
  const rows = (table: string, all: readonly (readonly string[])[]): readonly string[] =>
    together(all.map((row, index) => `(${index}, ${row.map(literal).join(", ")})`)).map(
      (values) => `INSERT INTO ${at(table)} VALUES ${values}`,
    );
  await session.results([
    `DROP DATABASE IF EXISTS ${name(kept)}`,
    `CREATE DATABASE ${name(kept)} ${live.options}`,
    `CREATE TABLE ${at(tables)} (position INT PRIMARY KEY, side VARCHAR(8), name VARCHAR(64)) ${made}`,
    `CREATE TABLE ${at(objects)} (position INT PRIMARY KEY, side VARCHAR(8), kind VARCHAR(16), name VARCHAR(64), sql_text LONGTEXT, sql_mode TEXT, collation VARCHAR(64), time_zone VARCHAR(64), database_collation VARCHAR(64)) ${made}`,
    `CREATE TABLE ${at(states)} (state VARCHAR(16), live_options VARCHAR(200), fresh_options VARCHAR(200)) ${made}`,
    ...rows(tables, tableRows),
    ...rows(objects, objectRows),
    `INSERT INTO ${at(states)} VALUES (${["switching", live.options, fresh.options].map(literal).join(", ")})`,
    `CREATE TABLE ${at(durable)} (one INT) ${made}`,
  ]);
};

const togetherCharacters = 256 * 1024;

/** The site is stopped meanwhile, and each statement waits for the server's disk: few of them, none larger than servers take. */
const together = (values: readonly string[]): readonly string[] => {
  const groups: string[][] = [];
  let room = 0;
  for (const value of values) {
    if (value.length > room) {
      groups.push([]);
      room = togetherCharacters;
    }
    groups.at(-1)?.push(value);
    room -= value.length;
  }
  return groups.map((group) => group.join(", "));
};

const made = "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

export const setState = async (session: Session, kept: string, state: JournalState): Promise<void> => {
  await session.rows({ sql: `UPDATE ${qualified(kept, states)} SET state = ${literal(state)}` });
};
