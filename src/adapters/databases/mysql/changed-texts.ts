import { literal, name, qualified } from "./names.ts";
import type { Session } from "./session.ts";

/**
 * Every byte that columns of these take comes back through UTF-8, in which dumps are written. Of the others some bytes mean
 * nothing (0x98 in cp1251), nothing in Unicode (user-defined characters), or what something else means too (0x5C in sjis).
 */
const faithful =
  "utf8 utf8mb3 utf8mb4 ucs2 utf16 utf16le utf32 latin1 latin2 latin5 latin7 cp850 cp852 cp866 koi8r koi8u keybcs2 macce macroman";

interface TextColumn {
  readonly table: string;
  readonly column: string;
  readonly characterSet: string;
}

const doubtfulColumns = async (session: Session): Promise<readonly TextColumn[]> => {
  const rows = await session.rows({
    sql: `SELECT TABLE_NAME, COLUMN_NAME, CHARACTER_SET_NAME FROM information_schema.COLUMNS JOIN information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME) WHERE TABLE_SCHEMA = ${literal(session.connection.database)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND CHARACTER_SET_NAME NOT IN (${faithful.split(" ").map(literal).join(", ")}) ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  });
  return rows.map(([table = "", column = "", characterSet = ""]) => ({ table, column, characterSet }));
};

const shownColumns = 5;

/** What a dump would have of texts that are not the same after the way to UTF-8 and back, as a sentence; undefined: none. */
export const changedTexts = async (session: Session): Promise<string | undefined> => {
  const columns = await doubtfulColumns(session);
  if (columns.length === 0) return undefined;
  const tables = [...new Set(columns.map(({ table }) => table))].map(
    (table) => [table, columns.filter((one) => one.table === table)] as const,
  );
  const counts = await session.results(
    tables.map(
      ([table, own]) =>
        `SELECT ${own.map(changedRows).join(", ")} FROM ${qualified(session.connection.database, table)}`,
    ),
  );
  const changed = tables.flatMap(([table, own], index) =>
    own.flatMap(({ column, characterSet }, place) => {
      const count = Number(counts[index]?.[0]?.[place]);
      return count === 0 ? [] : [`${table}.${column} (${characterSet}, ${count} rows)`];
    }),
  );
  if (changed.length === 0) return undefined;
  const more = changed.length > shownColumns ? ` and ${changed.length - shownColumns} more columns` : "";
  return `Texts with bytes that mean nothing, or nothing of their own, in their column's character set come back as others, mostly as question marks: ${changed.slice(0, shownColumns).join(", ")}${more}. Correct them, or give the columns a binary type.`;
};

const changedRows = ({ column, characterSet }: TextColumn): string => {
  const text = name(column);
  const back = `CONVERT(CONVERT(${text} USING utf8mb4) USING ${characterSet})`;
  return `COALESCE(SUM(NOT (CAST(${back} AS BINARY) <=> CAST(${text} AS BINARY))), 0)`;
};
