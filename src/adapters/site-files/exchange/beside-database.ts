import { closeSync, constants, lstatSync, openSync, readSync, renameSync } from "node:fs";
import { isCode } from "../../../domain/error-code.ts";
import { noPath } from "../../../domain/byte-path.ts";
import { besideSqlite, mayBeSqlite, sqliteHeaderBytes, sqliteKind } from "../../../domain/sqlite-file.ts";
import { bytes, isThere } from "./area.ts";

/** `-wal`, `-shm`, `-journal`. */
export const besideEndings: readonly string[] = besideSqlite(noPath);

/**
 * Moves what lies beside `live` away, each to a name that is free; nothing unless `database`, which was, is or is to be in
 * the place of `live`, is a SQLite database.
 */
export const moveBeside = (live: string, database: string, to: (ending: string) => string): void => {
  for (const ending of isSqlite(database) ? besideEndings : []) {
    const found = lstatSync(bytes(live + ending), { throwIfNoEntry: false });
    if (found !== undefined && !found.isDirectory()) renameSync(bytes(live + ending), bytes(freeName(to(ending))));
  }
};

const freeName = (name: string): string => (isThere(name) ? freeName(`${name}-more`) : name);

export const isSqlite = (file: string): boolean => {
  const found = lstatSync(bytes(file), { throwIfNoEntry: false });
  if (found?.isFile() !== true || !mayBeSqlite(found.size)) return false;
  const header = new Uint8Array(sqliteHeaderBytes);
  try {
    const descriptor = openSync(bytes(file), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      readSync(descriptor, header);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Who may not read it may replace it all the same.
    if (isCode(error, "EACCES", "EPERM", "ENOENT", "ELOOP")) return false;
    throw error;
  }
  return sqliteKind(header) !== undefined;
};
