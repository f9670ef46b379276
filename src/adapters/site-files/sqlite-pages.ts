import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type Libsql from "libsql";
import { errorCode } from "../../domain/error-code.ts";
import { sqliteHeaderBytes, sqliteKind } from "../../domain/sqlite-file.ts";

/** A database whose pages cannot be had as of one moment; the reason is fit for the backup's log. */
export class PagesRefused extends Error {
  /** Whether the next try may well succeed. */
  readonly passes: boolean;

  constructor(reason: string, { passes = false, ...options }: { readonly cause?: unknown; passes?: boolean } = {}) {
    super(reason, options);
    this.name = "PagesRefused";
    this.passes = passes;
  }
}

/** Read at a time: others have a turn in between. */
const turnBytes = 8 * 2 ** 20;
/** A writer's commit takes milliseconds; one that holds the database this long is no moment. */
const waits = { each: 100, most: 100 } as const;
/** SQLite's lock bytes lie here; the page around them holds nothing. */
const lockAt = 2 ** 30;
/** Counted up by every commit beside a rollback journal. */
const changeCounter = { from: 24, to: 28 } as const;

interface Opened {
  readonly database: Libsql.Database;
  readonly pageBytes: number;
  readonly pages: number;
}

/**
 * The pages of a SQLite database, in order, as of one commit: through SQLite itself, in one reading transaction, so that
 * what still lies in its `-wal` is in and nothing half written. It is opened for reading only: nothing is recovered, no
 * journal rolled back. `file` is a real path, latin1; one that leads elsewhere by a link is refused.
 *
 * Beside a rollback journal writers wait as long as this is read; in WAL mode nobody does. One in WAL mode that nobody has
 * open is read as the file it is, which lasts until somebody writes to it: then another try finds him there.
 */
export async function* sqlitePages(file: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  refuseLink(file);
  let needsMemory = false;
  const content = openSync(Buffer.from(file, "latin1"), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    // Before the look: what is written after it has another time.
    const before = fstatSync(content, { bigint: true });
    const header = headerIn(content);
    if (isAtRest(file, header)) return yield* unchangedSince(before, content, signal);
    needsMemory = sqliteKind(header) === "log" && isAnothers(before);
  } finally {
    closeSync(content);
  }
  const { database, pageBytes, pages } = await openReading(file, { needsMemory, signal });
  try {
    const read = database.prepare("SELECT pgno, data FROM sqlite_dbpage WHERE pgno BETWEEN ? AND ? ORDER BY pgno");
    const atATime = Math.max(1, Math.floor(turnBytes / pageBytes));
    let first: Buffer | undefined;
    for (let page = 1; page <= pages; page += atATime) {
      signal?.throwIfAborted();
      const last = Math.min(pages, page + atATime - 1);
      const bytes = pieceOf(read, { page, last, pageBytes });
      first ??= bytes.subarray(0, sqliteHeaderBytes);
      yield bytes;
    }
    refuseChanged(file, first);
  } finally {
    close(database);
  }
}

const refuseLink = (file: string): void => {
  if (realpathSync.native(Buffer.from(file, "latin1"), "latin1") !== file)
    throw new PagesRefused("a link stands in its way.");
};

/** In WAL mode, and opened by nobody: SQLite would leave a `-shm` of ours beside it. */
const isAtRest = (file: string, header: Buffer): boolean =>
  sqliteKind(header) === "log" && sizeOf(`${file}-shm`) === undefined && (sizeOf(`${file}-wal`) ?? 0) === 0;

const sizeOf = (file: string): number | undefined =>
  statSync(Buffer.from(file, "latin1"), { throwIfNoEntry: false })?.size;

/** What SQLite makes beside it belongs to whoever asks, unless root does: its owner could not write to the database any more. */
const isAnothers = ({ uid }: BigIntStats): boolean => {
  const own = process.geteuid?.();
  return own !== undefined && own !== 0 && own !== Number(uid);
};

/**
 * Longer than a tick of the kernel's clock (ten at most): what was begun in the one of the look is done, or goes on in
 * another. Not longer: where the next request comes every 50, nothing would ever be read.
 */
const tickMs = 40;

async function* unchangedSince(before: BigIntStats, content: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  await setTimeout(tickMs, undefined, { signal });
  for (let at = 0; ;) {
    signal?.throwIfAborted();
    const bytes = Buffer.allocUnsafe(turnBytes);
    const length = readSync(content, bytes, 0, turnBytes, at);
    const { size, mtimeNs, ctimeNs } = fstatSync(content, { bigint: true });
    if (size !== before.size || mtimeNs !== before.mtimeNs || ctimeNs !== before.ctimeNs)
      throw new PagesRefused("it was written to while it was read.", { passes: true });
    if (length === 0) return;
    yield bytes.subarray(0, length);
    at += length;
  }
}

/** Waits for a writer that is just committing. `needsMemory`: a `-shm` has to be there already. */
const openReading = async (
  file: string,
  { needsMemory, signal }: { readonly needsMemory: boolean; readonly signal: AbortSignal | undefined },
): Promise<Opened> => {
  const { default: Database } = await import("libsql");
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    let database: Libsql.Database | undefined;
    try {
      refuseLink(file);
      if (needsMemory && sizeOf(`${file}-shm`) === undefined) await refuseWithoutMemory(signal);
      database = new Database(uri(file));
      database.exec("BEGIN");
      // The first reading takes the lock, and so the moment.
      const pages = numberOf(database, "PRAGMA page_count");
      return { database, pages, pageBytes: numberOf(database, "PRAGMA page_size") };
    } catch (error) {
      if (database !== undefined) close(database);
      if (!isBusy(error) || attempt === waits.most) throw refused(error);
      await setTimeout(waits.each, undefined, { signal });
    }
  }
};

/** Most likely its application has just closed it, and takes away its log next. */
const refuseWithoutMemory = async (signal: AbortSignal | undefined): Promise<never> => {
  await setTimeout(tickMs, undefined, { signal });
  throw new PagesRefused("SQLite would leave a file of the service beside it, to which its owner could not write.", {
    passes: true,
  });
};

/** Any byte may be in a name; `readonly` of the package's own options still lets writers through. */
const uri = (file: string): string => {
  const escaped = [...Buffer.from(file, "latin1")].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w./-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  });
  return `file:${escaped.join("")}?mode=ro`;
};

const numberOf = (database: Libsql.Database, sql: string): number => {
  const row: unknown = database.prepare(sql).get();
  const value: unknown = typeof row === "object" && row !== null ? Object.values(row)[0] : undefined;
  if (typeof value !== "number") throw new PagesRefused("SQLite does not tell its size.");
  return value;
};

const pieceOf = (
  read: Libsql.Statement<unknown[]>,
  { page, last, pageBytes }: { readonly page: number; readonly last: number; readonly pageBytes: number },
): Buffer => {
  const bytes = Buffer.alloc((last - page + 1) * pageBytes);
  const lockPage = Math.floor(lockAt / pageBytes) + 1;
  let next = page;
  for (const row of read.iterate(page, last)) {
    // Safe: these are the statement's columns; a page that is none is refused.
    const { pgno, data } = row as { readonly pgno: number; readonly data: unknown };
    if (next === lockPage && pgno === lockPage + 1) next++;
    const content = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    const isPage = pgno === next && content instanceof Uint8Array && content.length === pageBytes;
    if (!isPage) throw new PagesRefused(`its page ${next} cannot be read.`);
    if (pgno !== lockPage) bytes.set(content, (pgno - page) * pageBytes);
    next = pgno + 1;
  }
  if (next <= last && next !== lockPage) throw new PagesRefused(`its page ${next} cannot be read.`);
  return bytes;
};

/**
 * A lock of POSIX is lost when any other part of this process closes the same file: what a writer then did beside a
 * rollback journal is seen by the file's own counter. In WAL mode the pages of a moment stay where they are.
 */
const refuseChanged = (file: string, first: Buffer | undefined): void => {
  if (first === undefined || sqliteKind(first) === "log") return;
  const now = headerOf(file);
  const { from, to } = changeCounter;
  if (!now.subarray(from, to).equals(first.subarray(from, to)))
    throw new PagesRefused("it changed while it was read, although it was locked.");
};

const headerOf = (file: string): Buffer => {
  const descriptor = openSync(Buffer.from(file, "latin1"), "r");
  try {
    return headerIn(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const headerIn = (descriptor: number): Buffer => {
  const header = Buffer.alloc(sqliteHeaderBytes);
  readSync(descriptor, header, 0, sqliteHeaderBytes, 0);
  return header;
};

const close = (database: Libsql.Database): void => {
  try {
    if (database.inTransaction) database.exec("COMMIT");
  } catch {
    // The transaction has ended with an error; nothing was to be written.
  }
  database.close();
};

const isBusy = (error: unknown): boolean => /^SQLITE_(?:BUSY|LOCKED)/.test(errorCode(error) ?? "");

const refused = (error: unknown): unknown => {
  const code = errorCode(error) ?? "";
  if (isBusy(error)) return new PagesRefused("somebody keeps it locked.", { cause: error });
  if (/^SQLITE_READONLY_(?:ROLLBACK|RECOVERY)$/.test(code))
    return new PagesRefused("its last writer was interrupted, and whoever opens it next has to recover it.", {
      cause: error,
    });
  if (code.startsWith("SQLITE_")) return new PagesRefused(`SQLite refuses it (${code}).`, { cause: error });
  return error;
};
