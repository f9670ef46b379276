import { literal } from "./names.ts";
import type { Session } from "./session.ts";

const everywhere = "information_schema.USER_PRIVILEGES";
const inSchemas = "information_schema.SCHEMA_PRIVILEGES";

// CURRENT_USER() may have more than one @; the host has none.
const grantee =
  "CONCAT(CHAR(39), SUBSTRING(CURRENT_USER(), 1, CHAR_LENGTH(CURRENT_USER()) - 1 - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))), CHAR(39), '@', CHAR(39), SUBSTRING_INDEX(CURRENT_USER(), '@', -1), CHAR(39))";

/** Whom the server takes this connection's user for, as GRANT writes it: one name may be several accounts. */
export const accountOf = async (session: Session): Promise<string> => {
  const [[account = ""] = []] = await session.rows({ sql: `SELECT ${grantee}` });
  return account;
};

/** Which of the privileges the user has not been given for this database, globally, by its name or by a pattern. */
export const lackingPrivileges = async (
  session: Session,
  database: string,
  wanted: readonly string[],
): Promise<readonly string[]> => {
  const given = await givenPrivileges(session, database);
  return given === "byRole" ? [] : wanted.filter((one) => !given.has(one));
};

/** Roles give more than these tables tell: with one in force it is left to the server to refuse. */
const givenPrivileges = async (session: Session, database: string): Promise<ReadonlySet<string> | "byRole"> => {
  // A pattern of GRANT is one of LIKE, with the backslash as escape in every SQL mode.
  const [global = [], schema = [], role = []] = await session.results([
    `SELECT PRIVILEGE_TYPE FROM ${everywhere} WHERE GRANTEE = ${grantee}`,
    `SELECT PRIVILEGE_TYPE FROM ${inSchemas} WHERE GRANTEE = ${grantee} AND ${literal(database)} LIKE TABLE_SCHEMA`,
    "SELECT COALESCE(CURRENT_ROLE(), 'NONE')",
  ]);
  if (role[0]?.[0] !== "NONE") return "byRole";
  return new Set([...global, ...schema].map(([privilege = ""]) => privilege));
};

/** Whether the user may make things that run in another's name. */
export const mayDefineForOthers = async (session: Session): Promise<boolean> => {
  const given = await givenPrivileges(session, session.connection.database);
  const enough = ["SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"];
  return given !== "byRole" && enough.some((one) => given.has(one));
};
