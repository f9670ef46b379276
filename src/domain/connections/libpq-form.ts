import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { connectionWord, type ConnectionField } from "./connection-words.ts";

const libpqWords = /^\s*(?:host|hostaddr|port|dbname|user|password|sslmode|service|passfile|application_name)\s*=/;

/**
 * Whether text is libpq's `host=... dbname=...`. Npgsql's form may begin with the same words, but parts its pairs by `;`:
 * one that ends the text, or stands before a key word, decides.
 */
export const isLibpqForm = (text: string): boolean => {
  if (!libpqWords.test(text)) return false;
  const unquoted = text.replace(/'(?:[^'\\]|\\.)*'|"[^"]*"/g, "''");
  return !unquoted
    .split(";")
    .slice(1)
    .some((rest) => rest.trim() === "" || connectionWord(/^\s*([\w -]+?)\s*=/.exec(rest)?.[1] ?? "") !== undefined);
};

/** libpq's grammar: pairs parted by white space, `'` around values with white space, `\` before a quote or itself. */
export const readLibpq = (text: string): readonly ConnectionField[] => {
  const pairs: ConnectionField[] = [];
  const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[^])*)'(?!\S)|((?:[^\s'\\]|\\[^])(?:[^\s\\]|\\[^])*)?(?!\S))\s*/y;
  let at = 0;
  while (at < text.trimEnd().length) {
    pair.lastIndex = at;
    const match = pair.exec(text);
    if (match === null) throw new ConnectionStringInvalid(broken(text, at, pairs), "its value does not end properly.");
    const [, key = "", quoted, plain] = match;
    pairs.push({ key, value: (quoted ?? plain ?? "").replace(/\\([^])/g, "$1") });
    at = pair.lastIndex;
  }
  return pairs;
};

/** The key that stands there if it is a known one; else the one before: it may be the rest of its value. */
const broken = (text: string, at: number, pairs: readonly ConnectionField[]): string => {
  const key = /^\s*([^\s=]+)\s*=/.exec(text.slice(at))?.[1];
  return key !== undefined && connectionWord(key) !== undefined ? key : (pairs.at(-1)?.key ?? "connectionString");
};
