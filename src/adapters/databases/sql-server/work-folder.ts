import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../../domain/error-code.ts";
import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";

const prefix = "sqlpackage-";

/**
 * A folder of this machine for one call of SqlPackage, which only writes files; whoever made it removes it. What processes
 * that were killed left behind goes first.
 */
export const makeWorkFolder = (below: string): string => {
  mkdirSync(below, { recursive: true });
  for (const name of readdirSync(below)) {
    const process = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (Number.isInteger(process) && !isRunning(process)) removeWorkFolder(join(below, name));
  }
  const folder = mkdtempSync(join(below, `${prefix}${process.pid}-`));
  chmodSync(folder, 0o700);
  return folder;
};

export const removeWorkFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
};

/** Throws Full where the file will not fit: SqlPackage buffers the rows beside the file it writes. */
export const refuseWithoutRoom = (folder: string, connection: DatabaseConnection, sizeBytes: number): void => {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const needed = sizeBytes * 2;
  if (free >= needed) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new DatabaseFailure(
    "Full",
    `The database ${databaseLabel(connection)} may need ${megabytes(needed)} in ${folder} while it is copied, and ${megabytes(free)} are free. Free some, or set LIFEBOAT_DATA to a larger disk.`,
  );
};
