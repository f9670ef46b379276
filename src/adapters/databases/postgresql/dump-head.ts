import { literalPattern } from "../literal-pattern.ts";
import { withoutMark } from "./mark.ts";
import { literal } from "./session.ts";

/** What the beginning of a dump tells of the database it is of. */
export interface DumpHead {
  /** Options of CREATE DATABASE, made anew from values that were recognised. */
  readonly encoding: string;
  readonly locale: string;
  /** What was set and granted for the database itself, as statements for the database of this name (an identifier). */
  readonly ofDatabase: (name: string) => readonly string[];
  /** All of the dump, from its first byte on. */
  readonly whole: AsyncIterable<Uint8Array>;
}

const magic = "PGDMP";
/** The database's own entry stands in front of the table of contents. */
const headBytes = 65_536;

/** Undefined when it is no archive of pg_dump's. */
export const dumpHead = async (dump: AsyncIterable<Uint8Array>): Promise<DumpHead | undefined> => {
  const iterator = dump[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < headBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    pieces.push(Uint8Array.from(next.value));
    bytes += next.value.length;
  }
  const text = Buffer.concat(pieces).toString("latin1");
  if (!text.startsWith(magic)) {
    await iterator.return?.();
    return undefined;
  }
  const head = Buffer.from(withOwnPath(text), "latin1");
  return { ...options(text), ofDatabase: (name) => ofDatabase(text, name), whole: joined([head], iterator) };
};

const emptyPath = "SELECT pg_catalog.set_config('search_path', '', false);\n";
const pathEntry = new RegExp(`(SEARCHPATH.{1,64}?)${literalPattern(emptyPath)}`, "s");

/**
 * pg_dump has everything made without a search path. What it makes is named in full, and the bodies of functions are not: where
 * a generated column, an index or a CHECK calls one, the load would fail that worked for years. With the path that the database
 * gives its users it does not. Of the same length, for it stands in front of the text.
 */
const withOwnPath = (text: string): string =>
  text.replace(pathEntry, (_, before: string) => `${before}${"RESET search_path;".padEnd(emptyPath.length - 1)}\n`);

async function* joined(pieces: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

const localeWords = "LC_COLLATE|LC_CTYPE|LOCALE|LOCALE_PROVIDER|ICU_LOCALE|BUILTIN_LOCALE";

/** An archive may come from anywhere: of its statement only values of known words are taken, and only plain ones. */
const options = (text: string): Pick<DumpHead, "encoding" | "locale"> => {
  const statement = /CREATE DATABASE [^;\0]*? WITH TEMPLATE = template0([^;\0]*);/.exec(text)?.[1] ?? "";
  const values = [...statement.matchAll(/\b([A-Z_]+) = (?:'([\w.@-]*)'|([a-z]+))/g)].map(
    ([, word = "", quoted, plain = ""]) => [word, quoted === undefined ? plain : `'${quoted}'`] as const,
  );
  const chosen = (words: RegExp): string =>
    values
      .filter(([word, value]) => words.test(word) && value !== "")
      .map(([word, value]) => `${word} = ${value}`)
      .join(" ");
  return { encoding: chosen(/^ENCODING$/), locale: chosen(new RegExp(`^(?:${localeWords})$`)) };
};

const word = `(?:"(?:[^"\\n]|"")*"|[a-z_][\\w$]*)`;
const value = "'(?:[^'\\n]|'')*'";
/** `NAME` stands for the dumped database's. */
const patterns = [
  `ALTER DATABASE NAME CONNECTION LIMIT = \\d+`,
  `ALTER DATABASE NAME SET ${word}(?:\\.${word})? TO ${value}(?:, ${value})*`,
  `ALTER ROLE ${word} IN DATABASE NAME SET ${word}(?:\\.${word})? TO ${value}(?:, ${value})*`,
  `(?:GRANT|REVOKE) [A-Z,]+ ON DATABASE NAME (?:TO|FROM) (?:PUBLIC|${word})(?: WITH GRANT OPTION)?`,
  // Whole, so that nothing that stands in it is taken for a statement.
  `COMMENT ON DATABASE NAME IS E?'(?:[^']|'')*'`,
];
/** The first entry that is not about the database itself: what looks like its statements behind it stands in somebody's body. */
const elsewhere =
  // oxlint-disable-next-line no-control-regex -- the length in front of each text is what tells it from other text
  /\0[\x04-\x20]\0\0\0(?:SCHEMA|EXTENSION|TYPE|SHELL TYPE|DOMAIN|FUNCTION|PROCEDURE|PROCEDURAL LANGUAGE|AGGREGATE|OPERATOR|TABLE|VIEW|SEQUENCE|COLLATION|CONVERSION|CAST|FOREIGN DATA WRAPPER|BLOB|EVENT TRIGGER|PUBLICATION)\0/;

const ofDatabase = (text: string, name: string): readonly string[] => {
  const made = new RegExp(`CREATE DATABASE (${word}) WITH TEMPLATE = `).exec(text);
  const dumped = made?.[1];
  if (made === null || dumped === undefined) return [];
  const rest = text.slice(made.index);
  const own = rest.slice(0, elsewhere.exec(rest)?.index);
  const plain = literalPattern(dumped);
  const any = new RegExp(patterns.map((one) => `(?:${one.replace("NAME", () => plain)})`).join("|") + "(?=;)", "g");
  return [...own.matchAll(any)].map(([statement]) => {
    const text = inUtf8(statement).replace(`DATABASE ${inUtf8(dumped)} `, () => `DATABASE ${name} `);
    return statement.startsWith("COMMENT ") ? withPlainComment(text) : text;
  });
};

/** As every server understands it, whatever its settings for backslashes. */
const withPlainComment = (statement: string): string => {
  const [, head = "", escapes, quoted = ""] = /^(.*? IS )(E?)'(.*)'$/s.exec(statement) ?? [];
  const text = quoted.replaceAll("''", "'");
  return `${head}${literal(withoutMark(escapes === "E" ? text.replaceAll("\\\\", "\\") : text))}`;
};

/** Names and values are UTF-8 in a text that was read byte by byte. */
const inUtf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");
