import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { toFields, type ConnectionField, type ConnectionFields } from "./connection-words.ts";
import type { DatabaseEngine } from "../database.ts";
import { isLibpqForm, readLibpq } from "./libpq-form.ts";

/** `key=value;key=value` as ADO.NET, MySQL, Npgsql, ODBC, PDO and SQL Server's JDBC write it, or libpq's `key=value key=value`. */
export const keywordForm = (text: string, engine: DatabaseEngine): ConnectionFields => {
  const bare = text.replace(/^(?:mysql|pgsql|sqlsrv):(?!\/\/)/i, "");
  return toFields(engine === "PostgreSql" && isLibpqForm(bare) ? readLibpq(bare) : readPairs(bare));
};

/** `odbc`: values with `;` stand in braces; else in quotation marks. A `Driver` makes it ODBC. */
export const readPairs = (text: string, form?: "odbc"): readonly ConnectionField[] => {
  const quotes = form === "odbc" || /(?:^|;)\s*driver\s*=/i.test(text) ? braces : quotationMarks;
  const pairs: ConnectionField[] = [];
  let at = 0;
  while (at < text.length) {
    const start = /[;\s]*/y;
    start.lastIndex = at;
    start.exec(text);
    if (start.lastIndex === text.length) break;
    const [key, from] = readKey(text, start.lastIndex, pairs.at(-1)?.key);
    const [value, next] = readValue(text, { from, key, quotes });
    pairs.push({ key, value });
    at = next;
  }
  return pairs;
};

/** Up to `=`; two of them are one in the key. What has none is most likely the rest of a value with a `;` in it. */
const readKey = (text: string, from: number, before: string | undefined): readonly [string, number] => {
  const match = /((?:[^=;]|==)*)=(?!=)/y;
  match.lastIndex = from;
  const key = match.exec(text)?.[1]?.trim() ?? "";
  if (key !== "") return [key.replaceAll("==", "="), match.lastIndex];
  throw before === undefined
    ? new ConnectionStringInvalid("connectionString", "it does not begin with a key and `=`, nor is it a URL.")
    : new ConnectionStringInvalid(before, "no key and `=` follow its value. A value that contains `;` must be quoted.");
};

interface Quotes {
  /** A whole value in its quotes, the inside as the first group. */
  readonly whole: RegExp;
  readonly opens: RegExp;
  readonly unquote: (inside: string, quote: string) => string;
}

const quotationMarks: Quotes = {
  whole: /\s*(["'])((?:(?!\1)[^]|\1\1)*)\1\s*(?:;|$)/y,
  opens: /\s*["']/y,
  unquote: (inside, quote) => inside.replaceAll(quote + quote, quote),
};

/** ODBC's: quotation marks mean nothing in it. */
const braces: Quotes = {
  whole: /\s*(\{)((?:[^}]|\}\})*)\}\s*(?:;|$)/y,
  opens: /\s*\{/y,
  unquote: (inside) => inside.replaceAll("}}", "}"),
};

const readValue = (
  text: string,
  { from, key, quotes }: { readonly from: number; readonly key: string; readonly quotes: Quotes },
): readonly [string, number] => {
  quotes.opens.lastIndex = from;
  if (!quotes.opens.test(text)) {
    const end = text.indexOf(";", from);
    return end < 0 ? [text.slice(from).trim(), text.length] : [text.slice(from, end).trim(), end + 1];
  }
  quotes.whole.lastIndex = from;
  const match = quotes.whole.exec(text);
  const [, quote, inside] = match ?? [];
  if (quote === undefined || inside === undefined)
    throw new ConnectionStringInvalid(key, "its value is quoted, and the quote does not end where the value does.");
  return [quotes.unquote(inside, quote), quotes.whole.lastIndex];
};
