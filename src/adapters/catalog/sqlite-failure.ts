import { dirname } from "node:path";
import { StoreFailure } from "../../domain/store-failure.ts";

/** Runs something on the catalog file; what SQLite or the file system refuse becomes a StoreFailure of one clear line. */
export const onFile = <Result>(path: string, run: () => Result): Result => {
  try {
    return run();
  } catch (error) {
    throw fileFailure(path, error);
  }
};

/** An error that is neither SQLite's nor the file system's comes back as it is. */
export const fileFailure = (path: string, error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof StoreFailure) return error;
  const code = codeOf(error);
  const about = (codes: readonly string[]): boolean => codes.some((start) => code.startsWith(start));
  const fail = (kind: "AccessDenied" | "Unavailable", message: string): StoreFailure =>
    new StoreFailure(kind, message, { cause: error });

  if (about(["SQLITE_BUSY", "SQLITE_LOCKED"]))
    return fail(
      "Unavailable",
      `The data folder ${dirname(path)} is in use by another Lifeboat. Stop that one, or choose another data folder.`,
    );
  if (about(["SQLITE_FULL", "ENOSPC", "EDQUOT"]))
    return new StoreFailure(
      "Full",
      `The disk of ${path} is full. Free some space; nothing that was acknowledged is lost.`,
      { cause: error, disk: { folder: dirname(path), trouble: `The catalog ${path} cannot be written (${code})` } },
    );
  if (about(["SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "EACCES", "EPERM", "EROFS"]))
    return fail("AccessDenied", `${path} cannot be written: ${error.message}. Check who owns it and its folder.`);
  if (about(["SQLITE_CORRUPT", "SQLITE_NOTADB"])) return damagedFile(path, error.message, error);
  if (/^(SQLITE_|E[A-Z])/.test(code))
    return fail("Unavailable", `${path} cannot be used: ${error.message} (${code}). Check the disk.`);
  return error;
};

/** What is in the file is not what was written. */
export const damagedFile = (path: string, why: string, cause: unknown): StoreFailure =>
  new StoreFailure("Unavailable", `${path} is damaged: ${why}. Move it away, or put back a copy of it.`, { cause });

/** The driver has no names for many of SQLite's extended codes; the lowest byte is the primary one. */
const codeOf = (error: Error): string => {
  const code = "code" in error ? String(error.code) : "";
  if (!code.startsWith("UNKNOWN_SQLITE_ERROR") || !("rawCode" in error)) return code;
  return primaryCodes.get(Number(error.rawCode) & 0xff) ?? `SQLITE_${Number(error.rawCode)}`;
};

const primaryCodes: ReadonlyMap<number, string> = new Map([
  [3, "SQLITE_PERM"],
  [5, "SQLITE_BUSY"],
  [6, "SQLITE_LOCKED"],
  [8, "SQLITE_READONLY"],
  [11, "SQLITE_CORRUPT"],
  [13, "SQLITE_FULL"],
  [23, "SQLITE_AUTH"],
  [26, "SQLITE_NOTADB"],
]);
