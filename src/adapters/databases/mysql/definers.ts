import { DatabaseFailure } from "../../../domain/database.ts";
import { literal } from "./names.ts";
import type { Session } from "./session.ts";
import { mayDefineForOthers } from "./privileges.ts";

/** In what made an object, whoever it runs as; with double quotes where that was made in ANSI mode. */
const definer = /DEFINER=(?:`((?:[^`]|``)*)`@`((?:[^`]|``)*)`|"((?:[^"]|"")*)"@"((?:[^"]|"")*)")/;

/** Words that stand before it, in `SHOW CREATE` and where the dump tools put it; no row begins like that. */
const before = /^(?:\/\*!50013 |(?:\/\*!5\d{4} )?CREATE(?:\*\/ \/\*!5\d{4})? (?:OR REPLACE )?(?:ALGORITHM=\w+ )?)$/;

/** Who may be named as definer: everybody (undefined), or this user alone, as `CURRENT_USER()` writes it. */
export const soleDefiner = async (session: Session): Promise<string | undefined> => {
  if (await mayDefineForOthers(session)) return undefined;
  const [row] = await session.rows({ sql: "SELECT CURRENT_USER()" });
  return row?.[0] ?? "";
};

/** The text with the sole definer in the place of another; undefined where nothing is to be changed. */
export const inOwnName = (text: string, sole: string): string | undefined => {
  const found = definer.exec(text);
  if (found === null || !before.test(text.slice(0, found.index))) return undefined;
  const [whole, user, host, ansiUser, ansiHost] = found;
  if (`${user ?? ansiUser}@${host ?? ansiHost}` === sole) return undefined;
  return `${text.slice(0, found.index)}DEFINER=CURRENT_USER${text.slice(found.index + whole.length)}`;
};

export const definersNote = (count: number): string =>
  `${count} triggers, views, routines or events ran in the name of a user that the restoring one may not name; they run in the restoring user's name now.`;

/** Those who are named as definers in a database and are no users of this server, with how often; none when that cannot be read. */
export const missingDefiners = async (session: Session, database: string): Promise<ReadonlyMap<string, number>> => {
  const here = literal(database);
  const kinds = [
    ["VIEWS", "TABLE_SCHEMA"],
    ["ROUTINES", "ROUTINE_SCHEMA"],
    ["TRIGGERS", "TRIGGER_SCHEMA"],
    ["EVENTS", "EVENT_SCHEMA"],
  ].map(([table, schema]) => `SELECT DEFINER FROM information_schema.${table} WHERE ${schema} = ${here}`);
  try {
    const [found = [], known = []] = await session.results([
      `SELECT DEFINER, COUNT(*) FROM (${kinds.join(" UNION ALL ")}) d WHERE DEFINER <> '' GROUP BY DEFINER`,
      "SELECT CONCAT(User, '@', Host) FROM mysql.user",
    ]);
    const users = new Set(known.flat());
    return new Map(
      found.filter(([one = ""]) => !users.has(one)).map(([one = "", count = "0"]) => [one, Number(count)]),
    );
  } catch (error) {
    if (error instanceof DatabaseFailure && error.kind === "NotAllowed") return new Map();
    throw error;
  }
};

export const missingDefinersNote = (missing: ReadonlyMap<string, number>): string => {
  const count = [...missing.values()].reduce((sum, one) => sum + one, 0);
  const names = [...missing.keys()].slice(0, 10).join(", ");
  return `${count} triggers, views, routines or events run in the name of a user that nobody here is called (${names}): they fail when they are used, until there is one.`;
};
