import type { DatabaseConnection, DatabaseEngine } from "../domain/database.ts";

/** What can be known of a database before long work is begun. */
export interface DatabaseCheck {
  /** What does the work, as it names itself, and its version: `pg_dump`, `15.14`. */
  readonly tool: string;
  readonly toolVersion: string;
  readonly serverVersion: string;
  /** `empty`: it is there, and nobody has made anything in it. */
  readonly content: "missing" | "empty" | "present";
  /** What its data takes on the server: no dump is expected to be much longer. 0 when it is missing. */
  readonly sizeBytes: number;
  /** What is promised less than usual for this database, as sentences for the dry run and the log. */
  readonly weaker: readonly string[];
}

export interface Dumping {
  /** A name of `scratchDatabaseName` for a tool that dumps from a copy; that copy is dropped again. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Told, as a sentence, what the dump will lack of what is promised: the backup is PartiallySucceeded then. */
  readonly lacks?: (reason: string) => void;
}

export interface Loading {
  /** The database to make, by `scratchDatabaseName`; one of that name is dropped first. */
  readonly scratch: string;
  readonly dump: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface LoadReport {
  /** What could not be loaded exactly as it was (an owner who is not known here), as sentences for the log. */
  readonly notes: readonly string[];
}

/** The two sides of an exchange, by `scratchDatabaseName` and `keptDatabaseName`. */
export interface Exchanged {
  /** What `load` made. */
  readonly scratch: string;
  /** What the live database is called while it can be brought back. */
  readonly kept: string;
  /** Whether there was a live database when the load began; without one there is nothing to keep. */
  readonly replaces: boolean;
}

/**
 * One kind of database server, served by its vendor's tools. Each method takes the connection to the live database, which
 * need not exist for `check` with purpose "load" and all that follows it.
 *
 * Every method may throw DatabaseFailure. A call whose signal is aborted rejects with the signal's reason once the tool's
 * whole process group has ended; tools also end when this process does, however it ends. Secrets reach a tool by its
 * environment or by a file (0600) that is removed, and are never in its arguments, messages or errors.
 */
export interface DatabaseTool {
  readonly engine: DatabaseEngine;

  /** Set where `dump` makes a copy on the server first, which has to be found when nobody is left to drop it. */
  readonly dumpsFromCopy?: true;

  /**
   * Takes seconds and changes nothing: the tool is there and fits the server, the login works, the database can be read
   * ("dump"), or databases may be made beside it and it may be exchanged ("load"). Throws what stands against it.
   */
  check(connection: DatabaseConnection, purpose: "dump" | "load", signal: AbortSignal): Promise<DatabaseCheck>;

  /**
   * A consistent copy of one moment, with all that belongs to the database, as the tool writes it. It is complete only
   * when the iteration ends by itself: a tool that fails throws, also after its last byte. Leaving the iteration early
   * ends the tool. Others may read and write the database meanwhile.
   */
  dump(connection: DatabaseConnection, work: Dumping): AsyncIterable<Uint8Array>;

  /**
   * Makes the scratch database out of a dump; the live one is not touched. When it throws, what it made may be left
   * behind; `drop` takes that away. A dump that is cut off or damaged throws DumpDamaged.
   */
  load(connection: DatabaseConnection, work: Loading): Promise<LoadReport>;

  /**
   * The scratch database becomes the live one, and what was live is kept. Others' connections to the live database are
   * ended. Called again after a crash it finishes what it began; where the scratch database is gone (done already, or put
   * back), it does nothing. It throws before the first change, or leaves what a later call finishes or `switchBack` undoes.
   */
  switchIn(connection: DatabaseConnection, exchanged: Exchanged): Promise<LoadReport>;

  /**
   * What was kept is live again (or nothing is, when there was nothing), also after half a `switchIn`, also after a crash
   * of itself. What the exchange had put there is dropped, and so is what has been written to it since; so is a scratch
   * database that was never switched in. For exchanges that were begun only.
   */
  switchBack(connection: DatabaseConnection, exchanged: Exchanged): Promise<LoadReport>;

  /** Ends its connections and drops it; not an error when it is gone. Only names that begin with `ownDatabasePrefix`. */
  drop(connection: DatabaseConnection, name: string): Promise<void>;

  /** Names on this server that begin with `ownDatabasePrefix`, of any installation. */
  listOwn(connection: DatabaseConnection): Promise<readonly string[]>;
}

export type DatabaseTools = Readonly<Record<DatabaseEngine, DatabaseTool>>;
