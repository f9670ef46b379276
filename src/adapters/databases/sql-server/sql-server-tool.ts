import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  databaseLabel,
  DatabaseFailure,
  ownDatabasePrefix,
  type DatabaseConnection,
} from "../../../domain/database.ts";
import type { DatabaseTool, Dumping, Loading } from "../../../ports/database-tool.ts";
import { untilAborted } from "../until-aborted.ts";
import { serverPatienceMs, watchedServer } from "../watched-server.ts";
import { checkDatabase, serviceLevel } from "./check.ts";
import { asked, makeConsistentCopy, type CopyWork } from "./consistent-copy.ts";
import { databaseNames, dropDatabase, switchBack, switchIn } from "./databases.ts";
import { exportPackage, importPackage, sqlPackagePath, type PackageNeeds } from "./package-call.ts";
import type { SqlClient } from "./sql-client.ts";
import { makeWorkFolder, refuseWithoutRoom, removeWorkFolder } from "./work-folder.ts";

interface SqlServerNeeds extends PackageNeeds {
  readonly sql: SqlClient;
  /** Where BACPAC files lie while they are made or read. */
  readonly workFolder: string;
  /** How long a server may not answer at all; `serverPatienceMs`. */
  readonly patienceMs?: number;
}

/** SQL Server and Azure SQL, by SqlPackage and T-SQL. */
export const sqlServerTool = (needs: SqlServerNeeds): DatabaseTool => ({
  engine: "SqlServer",
  dumpsFromCopy: true,
  check: (connection, purpose, signal) =>
    watched(needs, { connection, signal }, (work) => checkDatabase(needs, work, purpose)),
  async *dump(connection, dumping) {
    const { signal, release } = watch(needs, { connection, signal: dumping.signal });
    try {
      yield* dump(needs, { sql: needs.sql, connection, signal }, dumping);
    } finally {
      release();
    }
  },
  async load(connection, loading) {
    await watched(needs, { connection, signal: loading.signal }, (work) => load(needs, work, loading));
    return { notes: [] };
  },
  async switchIn(connection, exchanged) {
    await watched(needs, { connection }, (work) => switchIn(work, exchanged));
    return { notes: [] };
  },
  async switchBack(connection, exchanged) {
    await watched(needs, { connection }, (work) => switchBack(work, exchanged));
    return { notes: [] };
  },
  async drop(connection, name) {
    if (!name.startsWith(ownDatabasePrefix)) throw new Error(`${name} is not Lifeboat's to drop.`);
    await watched(needs, { connection }, (work) => dropDatabase(work, name));
  },
  listOwn: async (connection) =>
    (await watched(needs, { connection }, databaseNames)).filter((name) => name.startsWith(ownDatabasePrefix)),
});

interface Asked {
  readonly connection: DatabaseConnection;
  readonly signal?: AbortSignal;
}

/** A signal for work on this server, which also aborts when that does not answer any more. */
const watch = (needs: SqlServerNeeds, { connection, signal = new AbortController().signal }: Asked) =>
  watchedServer({
    connection,
    patienceMs: needs.patienceMs ?? serverPatienceMs,
    signal,
    ask: async (until) => void (await asked({ sql: needs.sql, connection, signal: until }, "master", "SELECT 1")),
  });

const watched = async <Result>(
  needs: SqlServerNeeds,
  { connection, ...rest }: Asked,
  work: (work: CopyWork) => Promise<Result>,
): Promise<Result> => {
  const { signal, release } = watch(needs, { connection, ...rest });
  try {
    return await work({ sql: needs.sql, connection, signal });
  } finally {
    release();
  }
};

async function* dump(needs: SqlServerNeeds, work: CopyWork, { scratch, lacks }: Dumping): AsyncGenerator<Uint8Array> {
  const { connection, signal } = work;
  sqlPackagePath(needs);
  const folder = makeWorkFolder(needs.workFolder);
  const copies = { made: false };
  try {
    const { sizeBytes } = await checkDatabase(needs, work, "dump");
    refuseWithoutRoom(folder, connection, sizeBytes);
    copies.made = true;
    const obstacle = await makeConsistentCopy(work, scratch);
    if (obstacle !== undefined)
      lacks?.(
        `The copy of ${databaseLabel(connection)} is not of one moment: ${obstacle} What was written meanwhile may be in it in part.`,
      );
    const database = obstacle === undefined ? scratch : connection.database;
    const file = await exportPackage(needs, { connection, database, folder, signal });
    await dropDatabase(work, scratch);
    copies.made = false;
    for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20, signal })) yield piece as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    removeWorkFolder(folder);
    // Also after an abort, which must not keep it.
    if (copies.made) await watched(needs, { connection }, (anew) => dropDatabase(anew, scratch));
  }
}

const load = async (needs: SqlServerNeeds, work: CopyWork, { scratch, dump: source }: Loading): Promise<void> => {
  const { connection, signal } = work;
  sqlPackagePath(needs);
  const folder = makeWorkFolder(needs.workFolder);
  try {
    const file = join(folder, "database.bacpac");
    await writeFile(file, untilAborted(source, signal));
    await refuseNoPackage(file, connection);
    await dropDatabase(work, scratch);
    const level = await serviceLevel(work);
    await importPackage(needs, { connection, database: scratch, folder, signal }, { file, level });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    removeWorkFolder(folder);
  }
};

const writeFile = async (file: string, source: AsyncIterable<Uint8Array>): Promise<void> => {
  const target = await open(file, "wx", 0o600);
  try {
    // One `write` may take less than all of a piece.
    for await (const piece of source) await target.writeFile(piece);
  } finally {
    await target.close();
  }
};

const endRecordBytes = 22;

/** A BACPAC is a zip: it begins and ends like one. SqlPackage would begin with a database of a half file. */
const refuseNoPackage = async (file: string, connection: DatabaseConnection): Promise<void> => {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const [first, last] = [Buffer.alloc(4), Buffer.alloc(Math.min(size, 65_535 + endRecordBytes))];
    await handle.read(first, 0, first.length, 0);
    await handle.read(last, 0, last.length, size - last.length);
    const end = last.lastIndexOf("PK\x05\x06", undefined, "latin1");
    const isWhole =
      end >= 0 &&
      last.length - end >= endRecordBytes &&
      last.readUInt16LE(end + 20) === last.length - end - endRecordBytes;
    if (first.toString("latin1") === "PK\x03\x04" && isWhole) return;
  } finally {
    await handle.close();
  }
  throw new DatabaseFailure(
    "DumpDamaged",
    `The dump for ${databaseLabel(connection)} is no whole BACPAC. Restore another backup.`,
  );
};
