import type { BytePath } from "./byte-path.ts";

/** How much of a file tells whether it is a SQLite database. */
export const sqliteHeaderBytes = 100;

const magic = "SQLite format 3\0";

/** `log`: others may be writing beside it into a `-wal`. Undefined: no SQLite database, or an encrypted one. */
export const sqliteKind = (header: Uint8Array): "journal" | "log" | undefined => {
  if (header.length < sqliteHeaderBytes) return undefined;
  if (String.fromCharCode(...header.subarray(0, magic.length)) !== magic) return undefined;
  return header[18] === 2 ? "log" : "journal";
};

/** A database is a whole number of pages, which have 512 bytes at least: so few other files need be looked into. */
export const mayBeSqlite = (sizeBytes: number): boolean => sizeBytes > 0 && sizeBytes % 512 === 0;

// The casts are safe: byte paths, cut at or joined with ASCII.
export const sharedMemoryOf = (path: BytePath): BytePath => `${path}-shm` as BytePath;
export const logOf = (path: BytePath): BytePath => `${path}-wal` as BytePath;

/** The database that a file of this name would lie beside; it may be none. */
export const databaseBeside = (path: BytePath): BytePath | undefined =>
  /^(.+)-(?:wal|shm|journal)$/s.exec(path)?.[1] as BytePath | undefined;

/** What SQLite keeps beside a database while it is used; worthless, even harmful, beside a copy that needs none of it. */
export const besideSqlite = (path: BytePath): readonly BytePath[] =>
  ["-wal", "-shm", "-journal"].map((ending) => `${path}${ending}` as BytePath);
