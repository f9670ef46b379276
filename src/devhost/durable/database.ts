import Libsql from "libsql";
import { isUtf8 } from "node:buffer";
import { closeSync, openSync, statSync } from "node:fs";
import { HostFailure } from "../host-failure.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

type Value = string | number | null;
type Job = { readonly write: () => () => void; readonly reject: (error: unknown) => void };

/** Above this a whole-file check would be felt at every start; damage then shows when the page is read. */
const checkedAtOpeningBytes = 32 * 1024 * 1024;

/**
 * SQLite itself calls a read-only file system a disk error, and would make the file for all to read. What it puts beside
 * the file gets the file's mode.
 */
const makeWritable = (file: string): void => {
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
};

const corrupt = (why: string): Error => Object.assign(new Error(why), { code: "SQLITE_CORRUPT" });

/**
 * One SQLite file owned by this process alone (the lock vanishes with the process), every commit on disk before it is
 * acknowledged. Failures of disk or file are HostFailures.
 */
export class Database {
  readonly #file: string;
  readonly #connection: Libsql.Database;
  #jobs: Job[] = [];

  constructor(file: string) {
    this.#file = file;
    this.#explained(() => makeWritable(file));
    this.#connection = this.#explained(() => new Libsql(file));
    try {
      this.#explained(() => this.#prepare());
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #prepare(): void {
    for (const pragma of ["locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"])
      this.#connection.pragma(pragma);
    // Takes the lock now, so that a second process is refused here and not at its first write.
    this.#connection.exec("BEGIN EXCLUSIVE; COMMIT");
    const sizeBytes = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (sizeBytes > checkedAtOpeningBytes) return;
    const [found] = this.all<{ readonly quick_check: string }>("PRAGMA quick_check(1)")();
    if (found?.quick_check !== "ok") throw corrupt(found?.quick_check ?? "no answer");
    this.#checkTexts();
  }

  /** Damaged letters are nothing to SQLite, and libsql ends the whole process over text that is no UTF-8. */
  #checkTexts(): void {
    const texts = this.all<{ readonly place: string; readonly of: string }>(
      `SELECT format('"%w"', c.name) AS place, format('"%w"', m.name) AS of
         FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'TEXT'`,
    )();
    for (const { place, of } of texts)
      for (const { bytes } of this.all<{ readonly bytes: Uint8Array }>(
        `SELECT CAST(${place} AS BLOB) AS bytes FROM ${of} WHERE ${place} IS NOT NULL`,
      )())
        if (!isUtf8(bytes)) throw corrupt(`text that is no UTF-8 in ${of}`);
  }

  exec(sql: string): void {
    this.#explained(() => this.#connection.exec(sql));
  }

  /** A statement whose first row is wanted. */
  first<Row>(sql: string): (...values: readonly Value[]) => Row | undefined {
    const statement = this.#connection.prepare(sql);
    // The tables are STRICT, so rows have the types their columns declare; each caller names the columns it selects.
    return (...values) => this.#explained(() => statement.get(values)) as Row | undefined;
  }

  all<Row>(sql: string): (...values: readonly Value[]) => readonly Row[] {
    const statement = this.#connection.prepare(sql);
    return (...values) => this.#explained(() => statement.all(values)) as readonly Row[]; // As above.
  }

  /** A statement that changes rows; tells how many. */
  run(sql: string): (...values: readonly Value[]) => number {
    const statement = this.#connection.prepare(sql);
    return (...values) => this.#explained(() => statement.run(values)).changes;
  }

  /** A statement that inserts one row into a table with an integer key; tells the key. */
  insert(sql: string): (...values: readonly Value[]) => number {
    const statement = this.#connection.prepare(sql);
    return (...values) => Number(this.#explained(() => statement.run(values)).lastInsertRowid);
  }

  /**
   * Runs `write` atomically and resolves with its value once it is on disk. Everything asked for in one turn of the
   * event loop shares one flush of the disk. `write` may run twice, so it changes nothing but the database.
   */
  transact<Result>(write: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length === 0) setImmediate(() => this.flush());
      this.#jobs.push({
        write: () => {
          const result = write();
          return () => resolve(result);
        },
        reject,
      });
    });
  }

  /** Runs `write` atomically; on disk when it returns. */
  transactNow<Result>(write: () => Result): Result {
    return this.#explained(() => {
      this.#connection.exec("BEGIN IMMEDIATE");
      try {
        const result = write();
        this.#connection.exec("COMMIT");
        return result;
      } catch (error) {
        // A full disk may have rolled back already.
        if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
        throw error;
      }
    });
  }

  close(): void {
    this.flush();
    this.#release();
  }

  /** Writes what `transact` has collected, without waiting for the end of the turn. */
  flush(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    try {
      for (const acknowledge of this.transactNow(() => jobs.map((job) => job.write()))) acknowledge();
    } catch (error) {
      if (jobs.length === 1) jobs[0]?.reject(error);
      else this.#flushOneByOne(jobs);
    }
  }

  /** After a failed group: one bad write must not take the others with it. */
  #flushOneByOne(jobs: readonly Job[]): void {
    for (const { write, reject } of jobs) {
      try {
        this.transactNow(write)();
      } catch (error) {
        reject(error);
      }
    }
  }

  /**
   * The driver keeps the file open until every statement is collected as garbage, and an exclusive lock in WAL mode with
   * it: so the lock is given back by leaving WAL mode, which also leaves one whole file behind.
   */
  #release(): void {
    try {
      for (const pragma of ["journal_mode=DELETE", "locking_mode=NORMAL", "schema_version"])
        this.#connection.pragma(pragma);
    } catch {
      // A damaged file or a full disk: the lock goes with the process, and the next opening says what is wrong.
    }
    this.#connection.close();
  }

  #explained<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      throw error instanceof HostFailure ? error : (sqliteFailure(error, this.#file) ?? error);
    }
  }
}
