import { closeSync, constants, lstatSync, openSync, readSync } from "node:fs";
import { isCode } from "../../../domain/error-code.ts";
import { noPath } from "../../../domain/byte-path.ts";
import { besideSqlite, mayBeSqlite, sqliteHeaderBytes, sqliteKind } from "../../../domain/sqlite-file.ts";
import { bytes } from "./area.ts";

/** `-wal`, `-shm`, `-journal`. */
export const besideEndings: readonly string[] = besideSqlite(noPath);

/** Which of them lie beside `live` now; none unless `kept`, which was, is or is to be in its place, is a SQLite database. */
export const besideDatabase = ({ live, kept }: { readonly live: string; readonly kept: string }): readonly string[] =>
  isSqlite(kept)
    ? besideEndings.filter((ending) => {
        const found = lstatSync(bytes(live + ending), { throwIfNoEntry: false });
        return found !== undefined && !found.isDirectory();
      })
    : [];

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
