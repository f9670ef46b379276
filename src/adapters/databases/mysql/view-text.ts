import { name } from "./names.ts";

/**
 * A view that cannot be used, mostly because nobody is called as its definer any more, is told with its own database's name
 * before columns and functions, and without it before tables: in another database that makes no view. Without it
 * everywhere, as in other views, it does.
 */
export const withoutOwnName = (text: string, database: string): string => {
  const own = `${name(database)}.`;
  return text.replaceAll(pieces, (piece) => (piece.startsWith(own) ? piece.slice(own.length) : piece));
};

const quoted = "`(?:[^`]|``)*`";
/** Texts, which stay; columns with database and table; functions with their database. */
const pieces = new RegExp(
  `'(?:[^'\\\\]|\\\\.|'')*'|"(?:[^"\\\\]|\\\\.|"")*"|${quoted}\\.${quoted}\\.${quoted}|${quoted}\\.${quoted}(?=\\()`,
  "gs",
);
