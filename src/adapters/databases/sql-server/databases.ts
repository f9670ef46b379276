import { DatabaseFailure } from "../../../domain/database.ts";
import type { Exchanged } from "../../../ports/database-tool.ts";
import { asked, engineEdition, type CopyWork } from "./consistent-copy.ts";
import { identifier, literal, textOf } from "./sql-client.ts";

export const exists = async (work: CopyWork, database: string): Promise<boolean> => {
  const [row] = await asked(
    work,
    "master",
    `SELECT COUNT(*) AS found FROM sys.databases WHERE name = ${literal(database)}`,
  );
  return Number(row?.["found"]) > 0;
};

export const databaseNames = async (work: CopyWork): Promise<readonly string[]> =>
  (await asked(work, "master", "SELECT name FROM sys.databases")).map((row) => textOf(row["name"]));

/** Azure SQL ends connections by itself; elsewhere a database that is in use is not dropped or renamed. */
const aloneFor = async (work: CopyWork, database: string, sql: string): Promise<void> => {
  const isAzure = (await engineEdition({ ...work, connection: { ...work.connection, database: "master" } })) === 5;
  // A snapshot has no such mode, and nobody but us knows its name.
  const alone = `IF (SELECT source_database_id FROM sys.databases WHERE name = ${literal(database)}) IS NULL ALTER DATABASE ${identifier(database)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; `;
  await asked(work, "master", `${isAzure ? "" : alone}${sql}`);
};

export const dropDatabase = async (work: CopyWork, database: string): Promise<void> => {
  if (await exists(work, database)) await aloneFor(work, database, `DROP DATABASE ${identifier(database)}`);
};

const rename = async (work: CopyWork, from: string, to: string): Promise<void> => {
  await aloneFor(work, from, `ALTER DATABASE ${identifier(from)} MODIFY NAME = ${identifier(to)}`);
  await allowAll(work, to);
};

/** After a rename, and after one that was interrupted before. */
const allowAll = async (work: CopyWork, database: string): Promise<void> => {
  await asked(
    work,
    "master",
    `IF (SELECT user_access FROM sys.databases WHERE name = ${literal(database)}) = 1 ALTER DATABASE ${identifier(database)} SET MULTI_USER`,
  );
};

const markName = "lifeboat_exchange";

/** Says, inside a database that takes a missing one's place, which exchange has put it there; it keeps it when renamed. */
const mark = async (work: CopyWork, database: string, exchange: string): Promise<void> => {
  const isThere = `EXISTS (SELECT 1 FROM sys.extended_properties WHERE class = 0 AND name = ${literal(markName)})`;
  const given = `@name = ${literal(markName)}, @value = ${literal(exchange)}`;
  await asked(
    work,
    database,
    // One that was restored before brings the mark of that restore along.
    `IF ${isThere} EXEC sys.sp_updateextendedproperty ${given} ELSE EXEC sys.sp_addextendedproperty ${given}`,
  );
};

const markOf = async (work: CopyWork, database: string): Promise<string> => {
  const [row] = await asked(
    work,
    database,
    `SELECT CAST(value AS nvarchar(128)) AS mark FROM sys.extended_properties WHERE class = 0 AND name = ${literal(markName)}`,
  );
  return textOf(row?.["mark"]);
};

/** Two renames; which of them are done is seen by which names are there. */
export const switchIn = async (work: CopyWork, { scratch, kept, replaces }: Exchanged): Promise<void> => {
  const live = work.connection.database;
  const names = new Set(await databaseNames(work));
  if (!names.has(scratch)) {
    if (names.has(live)) await allowAll(work, live);
    return;
  }
  const isMoved = !replaces || names.has(kept);
  if (names.has(live) && isMoved)
    throw new DatabaseFailure("Busy", `The database ${live} was made by others while the restored one took its place.`);
  if (names.has(live)) await rename(work, live, kept);
  if (!replaces) await mark(work, scratch, kept);
  await rename(work, scratch, live);
};

export const switchBack = async (work: CopyWork, { scratch, kept, replaces }: Exchanged): Promise<void> => {
  const live = work.connection.database;
  const names = new Set(await databaseNames(work));
  if (!replaces) {
    // With the scratch database there, nothing of ours has taken the live one's name; without it, what the mark tells.
    if (names.has(scratch)) await dropDatabase(work, scratch);
    else if (names.has(live) && (await markOf(work, live)) === kept) await dropDatabase(work, live);
    return;
  }
  await dropDatabase(work, scratch);
  if (!names.has(kept)) return allowAll(work, live);
  if (names.has(live)) await rename(work, live, scratch);
  await rename(work, kept, live);
  await dropDatabase(work, scratch);
};
