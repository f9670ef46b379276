/** What the beginning of a dump tells of the database it is of. */
export interface DumpHead {
  /** Options of CREATE DATABASE, made anew from values that were recognised. */
  readonly encoding: string;
  readonly locale: string;
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
  return { ...options(text), whole: joined(pieces, iterator) };
};

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
