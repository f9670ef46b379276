import { closeSync, openSync } from "node:fs";
import type Libsql from "libsql";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { Catalog, KeyRange, Row, RowChange, RowValue } from "../../ports/catalog.ts";
import { checkedChanges, checkName, conflicts, fromText, interval, type TextChange } from "./rows.ts";
import { damagedFile, fileFailure, onFile } from "./sqlite-failure.ts";

const schemaVersion = 1;

const schema = `
  CREATE TABLE rows (
    partition TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (partition, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('schema', ${schemaVersion}), ('version', 0);`;

/**
 * Opens or makes the catalog file. Only one process can have it; a second one gets StoreFailure "Unavailable".
 * libsql is loaded here, so that an installation on Table Storage needs no native module.
 */
export const openSqliteCatalog = async (path: string): Promise<Catalog> => {
  const { default: Database } = await import("libsql");
  return onFile(path, () => {
    // Rows hold the names of sites and sealed secrets: nobody else's business. SQLite gives its log the same mode.
    closeSync(openSync(path, "a", 0o600));
    const database = new Database(path);
    try {
      return new SqliteCatalog(database, path);
    } catch (error) {
      database.close();
      throw error;
    }
  });
};

interface Waiting {
  readonly partition: string;
  readonly changes: readonly TextChange[];
  readonly isNews: boolean;
  readonly resolve: (applied: boolean) => void;
  readonly reject: (error: unknown) => void;
}

class SqliteCatalog implements Catalog {
  readonly #path: string;
  readonly #database: Libsql.Database;
  readonly #get: Libsql.Statement;
  readonly #list: Libsql.Statement;
  readonly #put: Libsql.Statement;
  readonly #remove: Libsql.Statement;
  readonly #keepVersion: Libsql.Statement;
  /** Counts batches for ever: a version is never given twice, whatever has been removed since. */
  #version: number;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(database: Libsql.Database, path: string) {
    this.#path = path;
    this.#database = database;
    this.#version = prepareFile(database, path);
    this.#get = database.prepare(`SELECT ${columns} FROM rows WHERE partition = ? AND key = ?`).raw();
    this.#list = database
      .prepare(`SELECT ${columns} FROM rows WHERE partition = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`)
      .raw();
    this.#put = database.prepare("REPLACE INTO rows VALUES (?, ?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM rows WHERE partition = ? AND key = ?");
    this.#keepVersion = database.prepare("UPDATE meta SET value = ? WHERE name = 'version'");
  }

  async get(partition: string, key: string): Promise<Row | undefined> {
    this.#check(partition);
    checkName("key", key);
    return onFile(this.#path, () => {
      const found = this.#find(partition, key);
      return found && this.#row(partition, found);
    });
  }

  async list(partition: string, range: KeyRange = {}): Promise<readonly Row[]> {
    this.#check(partition);
    const { from, before = behindAllKeys } = interval(range);
    return onFile(this.#path, () => {
      // The columns of the statement, each of the type it is cast to.
      const found = this.#list.all(partition, from, before, range.limit ?? -1) as Columns[];
      return found.map((one) => this.#row(partition, one));
    });
  }

  /** Batches of one turn of the event loop share one transaction, so one flush of the disk. */
  async write(partition: string, changes: readonly RowChange[]): Promise<boolean> {
    return this.#enqueue(partition, changes, false);
  }

  async writeNews(
    partition: string,
    { key, value }: { readonly key: string; readonly value: RowValue },
  ): Promise<void> {
    await this.#enqueue(partition, [{ kind: "put", key, value }], true);
  }

  async #enqueue(partition: string, changes: readonly RowChange[], isNews: boolean): Promise<boolean> {
    this.#check(partition);
    const checked = checkedChanges(partition, changes);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partition, changes: checked, isNews, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#commitWaiting();
    try {
      onFile(this.#path, () => release(this.#database));
    } finally {
      this.#database.close();
    }
  }

  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    try {
      const areNews = group.every(({ isNews }) => isNews);
      const outcomes = this.#flushing(areNews, () => this.#transaction(() => group.map((batch) => this.#apply(batch))));
      group.forEach(({ resolve }, index) => resolve(outcomes[index] === true));
    } catch (error) {
      const failure = fileFailure(this.#path, error);
      for (const { reject } of group) reject(failure);
    }
  }

  /** In NORMAL the log is written and not flushed; whatever is flushed later takes it along. */
  #flushing<Result>(areNews: boolean, run: () => Result): Result {
    if (!areNews) return run();
    this.#database.pragma("synchronous = NORMAL");
    try {
      return run();
    } finally {
      this.#database.pragma("synchronous = FULL");
    }
  }

  #transaction(run: () => readonly boolean[]): readonly boolean[] {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const outcomes = run();
      if (outcomes.includes(true)) this.#keepVersion.run(this.#version);
      this.#database.exec("COMMIT");
      return outcomes;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** All conflicts are found before the first change, so a batch that has one leaves nothing to take back. */
  #apply({ partition, changes }: Waiting): boolean {
    for (const change of changes) {
      const found = this.#find(partition, change.key);
      if (conflicts(change, found && String(found[2]))) return false;
    }
    this.#version++;
    for (const change of changes) {
      if (change.kind === "remove") this.#remove.run(partition, change.key);
      else this.#put.run(partition, change.key, change.text, this.#version);
    }
    return true;
  }

  #find(partition: string, key: string): Columns | undefined {
    // The columns of the statement, each of the type it is cast to.
    return this.#get.get(partition, key) as Columns | undefined;
  }

  #row(partition: string, [key, value, version]: Columns): Row {
    try {
      return { key: utf8.decode(key), value: fromText(utf8.decode(value)), version: String(version) };
    } catch (error) {
      throw damagedFile(this.#path, `a row of ${partition} is not what was written`, error);
    }
  }

  #check(partition: string): void {
    if (this.#isClosed) throw new StoreFailure("Unavailable", `The catalog ${this.#path} is closed.`);
    checkName("partition", partition);
  }
}

/** As bytes: where the file is damaged, libsql ends the whole process over text that is no UTF-8. */
const columns = "CAST(key AS BLOB), CAST(value AS BLOB), CAST(version AS INTEGER)";
type Columns = readonly [key: Uint8Array, value: Uint8Array, version: number];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Keys are printable ASCII. */
const behindAllKeys = "\u007f";

/** Takes the file for this process, makes its tables if it is new, and answers the last version given. */
const prepareFile = (database: Libsql.Database, path: string): number => {
  database.pragma("locking_mode = EXCLUSIVE");
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec("BEGIN IMMEDIATE");
  const isNew = database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
  if (isNew) database.exec(schema);
  database.exec("COMMIT");
  if (!isCatalog(database)) {
    release(database);
    throw new StoreFailure(
      "Unavailable",
      `${path} is a database, but not a catalog. Move it away, or put back the right one.`,
    );
  }
  const found = metaValue(database, "schema");
  if (found === schemaVersion) return metaValue(database, "version");
  release(database);
  throw new StoreFailure(
    "Unavailable",
    `${path} belongs to another version of Lifeboat (its schema is ${found}, this one knows ${schemaVersion}). Start that version.`,
  );
};

const isCatalog = (database: Libsql.Database): boolean => {
  const columns = database.prepare("SELECT group_concat(name) FROM pragma_table_info('meta')").raw().get();
  return Array.isArray(columns) && columns[0] === "name,value";
};

/**
 * Prepared statements keep libsql's connection alive until they are collected, so the lock is given back by hand.
 * Leaving WAL also makes the file whole by itself: it can be copied alone.
 */
const release = (database: Libsql.Database): void => {
  database.pragma("journal_mode = DELETE");
  database.pragma("locking_mode = NORMAL");
  database.pragma("user_version");
};

const metaValue = (database: Libsql.Database, name: string): number => {
  // The column is INTEGER in a STRICT table, and both rows are made with it.
  const row = database.prepare("SELECT value FROM meta WHERE name = ?").raw().get(name) as [number];
  return row[0];
};
