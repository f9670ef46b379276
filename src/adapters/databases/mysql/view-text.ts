import { name } from "./names.ts";

/**
 * A view that cannot be used, mostly because nobody is called as its definer any more, is told with its own database's name
 * before columns and functions, and without it before tables: in another database that makes no view; and one that
 * looks into other databases too has the name everywhere. Without it everywhere, as in other views, both are made.
 */
export const withoutOwnName = (text: string, database: string): string => without(text, database, pieces);

const without = (text: string, database: string, where: RegExp): string => {
  const own = `${name(database)}.`;
  return text.replaceAll(where, (piece) => (piece.startsWith(own) ? piece.slice(own.length) : piece));
};

const quoted = "`(?:[^`]|``)*`";
const texts = `'(?:[^'\\\\]|\\\\.|'')*'|"(?:[^"\\\\]|\\\\.|"")*"`;
const ofSequence = `(?<=\\b(?:next|last|set)val\\()${quoted}\\.${quoted}`;
/** Tables have their database where those of others are beside them; elsewhere such a pair is an alias with a column. */
const ofTable = `(?<=\\b(?:from|join) \\(*)${quoted}\\.${quoted}`;
/** Texts, which stay; columns with database and table; functions, sequences and tables with their database. */
const pieces = new RegExp(
  `${texts}|${quoted}\\.${quoted}\\.${quoted}|${quoted}\\.${quoted}(?=\\()|${ofSequence}|${ofTable}`,
  "gs",
);
const sequences = new RegExp(`${texts}|${ofSequence}`, "gs");

/** A column as `SHOW CREATE TABLE` writes it: a sequence in its default always has its database. */
export const withoutSequencesDatabase = (text: string, database: string): string => without(text, database, sequences);
