import { literal, qualified } from "./names.ts";
import { journalPrefix, type DefinedObject } from "./objects.ts";
import type { Session } from "./session.ts";

/** Events of a scratch database must not run before it is live: they are loaded disabled, and this table names them. */
const table = `${journalPrefix}events`;

/** As the dump tools write it, on one line whatever the event's body. */
const enabled =
  /^(\/\*!50106 CREATE\*\/ .*?EVENT (?:`((?:[^`]|``)*)`|"((?:[^"]|"")*)") ON SCHEDULE .*? ON COMPLETION (?:NOT )?PRESERVE )ENABLE\b/;

/** A line of a dump with its event disabled, and the event's name; undefined where there is none to disable. */
export const disabledEvent = (line: string): { readonly name: string; readonly line: string } | undefined => {
  const [begin, head, quoted, ansi] = enabled.exec(line) ?? [];
  if (begin === undefined || head === undefined) return undefined;
  const name = quoted?.replaceAll("``", "`") ?? ansi?.replaceAll('""', '"') ?? "";
  // Names are UTF-8 in a line that was read byte by byte.
  const plain = Buffer.from(name, "latin1").toString("utf8");
  return { name: plain, line: `${head}DISABLE${line.slice(begin.length)}` };
};

/** Those of other tools' dumps, whose lines are not recognised, once they are there; answers their names. */
export const disableEvents = async (session: Session, scratch: string): Promise<readonly string[]> => {
  const rows = await session.rows({
    sql: `SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${literal(scratch)} AND STATUS = 'ENABLED'`,
  });
  const names = rows.map(([event = ""]) => event);
  for (const event of names) await session.rows({ sql: `ALTER EVENT ${qualified(scratch, event)} DISABLE` });
  return names;
};

export const noteEvents = async (session: Session, scratch: string, names: readonly string[]): Promise<void> => {
  if (names.length === 0) return;
  const at = qualified(scratch, table);
  await session.results([
    `CREATE TABLE ${at} (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)`,
    ...names.map((name) => `INSERT INTO ${at} VALUES (${literal(name)})`),
  ]);
};

/** The definitions with what `noteEvents` named enabled again. */
export const withEvents = async (
  session: Session,
  scratch: string,
  objects: readonly DefinedObject[],
): Promise<readonly DefinedObject[]> => {
  const [present] = await session.rows({
    sql: `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(scratch)} AND TABLE_NAME = ${literal(table)}`,
  });
  if (present?.[0] !== "1") return objects;
  const names = (await session.rows({ sql: `SELECT name FROM ${qualified(scratch, table)}` })).flat();
  return objects.map((one) =>
    one.kind === "EVENT" && names.includes(one.name)
      ? { ...one, sql: one.sql.replace(/( ON COMPLETION (?:NOT )?PRESERVE )DISABLE\b/, "$1ENABLE") }
      : one,
  );
};
