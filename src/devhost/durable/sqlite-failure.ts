import { HostFailure } from "../host-failure.ts";

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "";
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
    /^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|^(ENOENT|EACCES|EPERM|EROFS)$/,
    (file) => `${file} cannot be opened for writing. Check that its folder exists, and who may write there.`,
  ],
  [/^SQLITE_FULL/, (file) => `The disk that holds ${file} is full. Free some space on it.`],
  [/^SQLITE_IOERR/, (file) => `The disk that holds ${file} reports read or write errors. Check the disk.`],
];

/** What the user can do about an error of SQLite; undefined when it is a mistake in this program. */
export const sqliteFailure = (error: unknown, file: string): HostFailure | undefined => {
  const code = codeOf(error);
  const explain = explanations.find(([pattern]) => pattern.test(code))?.[1];
  return explain && new HostFailure(explain(file), { cause: error });
};
