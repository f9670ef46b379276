import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Secret } from "../../domain/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { messageOf } from "../../domain/errors.ts";

/** WordPress looks for it in its own folder, and in the one above. */
const places = (folder: string): readonly string[] => [
  join(folder, "wp-config.php"),
  join(folder, "site", "wwwroot", "wp-config.php"),
  join(dirname(folder), "wp-config.php"),
];

/** Whether the folder itself is one of WordPress. */
export const isWordPress = (folder: string): boolean =>
  places(folder)
    .slice(0, 2)
    .some((place) => existsSync(place));

/** The connection string of a WordPress site on this machine, out of its wp-config.php. */
export const wordPressConnection = (folder: string): Secret => {
  const file = places(folder).find((place) => existsSync(place));
  if (file === undefined) throw unusable(`There is no wp-config.php in ${folder}, nor in the folder above.`);
  try {
    return connectionOf(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = messageOf(error);
    throw unusable(`${file}: ${reason} Name the database by --connection-string instead.`);
  }
};

const unusable = (message: string): CommandFailure => new CommandFailure(exitCodes.usage, "WordPressUnclear", message);

const connectionOf = (php: string): Secret => {
  const code = withoutComments(php);
  const name = constant(code, "DB_NAME");
  const { host, rest } = splitHost(constant(code, "DB_HOST"));
  const socket = rest.startsWith("/") ? `?socket=${encodeURIComponent(rest)}` : "";
  const port = rest !== "" && socket === "" ? `:${rest}` : "";
  const login = [constant(code, "DB_USER"), constant(code, "DB_PASSWORD")].map(encodeURIComponent).join(":");
  return new Secret(`mysql://${login}@${host}${port}/${encodeURIComponent(name)}${socket}`);
};

/** `host`, `host:3307`, `host:/run/mysqld.sock`, `:/run/mysqld.sock`, `[::1]:3306`. */
const splitHost = (written: string): { readonly host: string; readonly rest: string } => {
  const [, host = "", rest = ""] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(written) ?? [];
  if (host === "" && rest === "") throw new Error("DB_HOST is no host.");
  return { host: host === "" ? "localhost" : host, rest };
};

/** Comments go, texts stay as they are: one may hold `//`. */
const withoutComments = (php: string): string =>
  php.replace(/('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\/\*.*?\*\/|(?:\/\/|#)[^\n]*/gs, (_, text?: string) => text ?? "");

/** Only a plain text: what is computed (getenv and the like) cannot be known from here. */
const constant = (code: string, name: string): string => {
  const found = new RegExp(
    `\\bdefine\\s*\\(\\s*['"]${name}['"]\\s*,\\s*('(?:[^'\\\\]|\\\\.)*'|"(?:[^"\\\\$]|\\\\.)*")\\s*\\)`,
    "s",
  ).exec(code)?.[1];
  if (found === undefined) throw new Error(`${name} is not defined as a plain text.`);
  const inner = found.slice(1, -1);
  // PHP leaves every other backslash as it stands, in texts of either kind that a password may need.
  return found.startsWith("'") ? inner.replace(/\\(['\\])/g, "$1") : inner.replace(/\\(["\\$])/g, "$1");
};
