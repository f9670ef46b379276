import { HostFailure } from "../host-failure.ts";

/** SQLite's primary result codes by number: the driver has no names for many of the extended ones. */
const primaryCodes: Readonly<Record<number, string>> = {
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  23: "SQLITE_AUTH",
  26: "SQLITE_NOTADB",
};

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "";
  const primary =
    "rawCode" in error && typeof error.rawCode === "number" ? primaryCodes[error.rawCode & 0xff] : undefined;
  if (primary !== undefined) return primary;
  if ("code" in error && typeof error.code === "string" && error.code !== "") return error.code;
  return error.message.includes("Unable to open") ? "SQLITE_CANTOPEN" : "";
};

const explanations: readonly (readonly [RegExp, (file: string) => string])[] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    (file) => `${file} is in use by another process. Stop that one, or start with another data folder.`,
  ],
  [
    /^SQLITE_(CORRUPT|NOTADB)/,
    (file) => `${file} is damaged or is not a database. Move it away to start with an empty one, or put a copy back.`,
  ],
  [
    /^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|^(ENOENT|ENOTDIR|EISDIR|EACCES|EPERM|EROFS)$/,
    (file) => `${file} cannot be opened for writing. Check that its folder exists, and who may write there.`,
  ],
  [/^SQLITE_FULL|^(ENOSPC|EDQUOT)$/, (file) => `The disk that holds ${file} is full. Free some space on it.`],
  [/^SQLITE_IOERR/, (file) => `The disk that holds ${file} reports read or write errors. Check the disk.`],
];

/** What the user can do about an error of SQLite; undefined when it is a mistake in this program. */
export const sqliteFailure = (error: unknown, file: string): HostFailure | undefined => {
  const code = codeOf(error);
  const explain = explanations.find(([pattern]) => pattern.test(code))?.[1];
  return explain && new HostFailure(explain(file), { cause: error });
};
