import { literal, name } from "./names.ts";
import type { Row } from "./read-rows.ts";
import type { Session } from "./session.ts";
import { withoutSequencesDatabase } from "./view-text.ts";

/** Only where there is a sequence: looking through all columns opens every table. */
const defaultsNaming = async (
  session: Session,
  { live, scratch }: { readonly live: string; readonly scratch: string },
): Promise<readonly Row[]> => {
  const [sequences] = await session.rows({
    sql: `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(live)} AND TABLE_TYPE = 'SEQUENCE'`,
  });
  if (sequences?.[0] === "0") return [];
  return session.rows({
    sql: `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${literal(live)} AND INSTR(COLUMN_DEFAULT, ${literal(`${name(scratch)}.`)}) > 0`,
  });
};

/**
 * A default that takes its number from a sequence (`DEFAULT nextval(sq)`) keeps the name of the database it was made in when
 * its table is renamed into another: the restored tables' would go on to name the scratch database. Twice is no error.
 */
export const ownSequences = async (
  session: Session,
  databases: { readonly live: string; readonly scratch: string },
): Promise<void> => {
  const changes = new Map<string, string[]>();
  for (const [table = "", column = "", text = ""] of await defaultsNaming(session, databases)) {
    const change = `ALTER COLUMN ${name(column)} SET DEFAULT (${withoutSequencesDatabase(text, databases.scratch)})`;
    changes.set(table, [...(changes.get(table) ?? []), change]);
  }
  if (changes.size === 0) return;
  // All columns of a table at once: the server checks every default of a table that it changes.
  const alterations = [...changes].map(([table, columns]) => `ALTER TABLE ${name(table)} ${columns.join(", ")}`);
  await session.results(["SET sql_mode = '', system_versioning_alter_history = KEEP", ...alterations], databases.live);
};
