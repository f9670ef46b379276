import { DatabaseFailure } from "../../../domain/database.ts";
import type { DumpHead } from "./dump-head.ts";
import type { ScratchWork } from "./load.ts";
import { identifier, literal, maintenanceDatabase, runSql } from "./session.ts";

/** What belongs to the live database and not to its content, as statements that give the scratch database the same. */
const statements = (live: string, scratch: string): string => `
  WITH live AS (SELECT * FROM pg_database WHERE datname = ${literal(live)})
  SELECT statement FROM (
    SELECT 1, format('ALTER DATABASE %I OWNER TO %I', ${literal(scratch)}, pg_get_userbyid(datdba)) FROM live
      WHERE pg_get_userbyid(datdba) <> current_user
    UNION ALL SELECT 2, format('ALTER DATABASE %I CONNECTION LIMIT %s', ${literal(scratch)}, datconnlimit) FROM live
      WHERE datconnlimit >= 0
    UNION ALL SELECT 3, format('COMMENT ON DATABASE %I IS %L', ${literal(scratch)}, shobj_description(oid, 'pg_database'))
      FROM live WHERE shobj_description(oid, 'pg_database') IS NOT NULL
    UNION ALL SELECT 4, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', ${literal(scratch)}) FROM live
      WHERE datacl IS NOT NULL
    UNION ALL SELECT 5, format('GRANT %s ON DATABASE %I TO %s%s', acl.privilege_type, ${literal(scratch)},
        CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
        CASE WHEN acl.is_grantable AND acl.grantee <> datdba THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM live, aclexplode(datacl) acl
    UNION ALL SELECT 6, format('SELECT set_config(%L, %L, false); ALTER DATABASE %I SET %s FROM CURRENT',
        split_part(one, '=', 1), substr(one, strpos(one, '=') + 1), ${literal(scratch)},
        (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(split_part(one, '=', 1), '.')) part))
      FROM live JOIN pg_db_role_setting s ON s.setdatabase = live.oid AND s.setrole = 0, unnest(s.setconfig) one
    UNION ALL SELECT 7, format('SELECT set_config(%L, %L, false); ALTER ROLE %I IN DATABASE %I SET %s FROM CURRENT',
        split_part(one, '=', 1), substr(one, strpos(one, '=') + 1), pg_get_userbyid(s.setrole), ${literal(scratch)},
        (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(split_part(one, '=', 1), '.')) part))
      FROM live JOIN pg_db_role_setting s ON s.setdatabase = live.oid AND s.setrole <> 0, unnest(s.setconfig) one
  ) all_of_it(step, statement) ORDER BY step`;

/**
 * Owner, rights, limits and settings of the live database; where there is none, those that the dump tells. Answers what could
 * not be carried over.
 */
export const carryOver = async (work: ScratchWork, { ofDatabase }: DumpHead): Promise<readonly string[]> => {
  const { needs, connection, scratch, signal } = work;
  const database = maintenanceDatabase(connection);
  const run = (sql: string): Promise<string> => runSql(needs, connection, { database, sql: [sql], signal });
  const live = `EXISTS (SELECT 1 FROM pg_database WHERE datname = ${literal(connection.database)})`;
  const found = await run(
    `SELECT CASE WHEN ${live} THEN COALESCE(json_agg(statement), '[]') END FROM (${statements(connection.database, scratch)}) s`,
  );
  const failed: string[] = [];
  // Safe: the query above makes an array of texts, or nothing where there is no database.
  for (const statement of found === "" ? ofDatabase(identifier(scratch)) : (JSON.parse(found) as string[]))
    try {
      await run(statement);
    } catch (error) {
      if (!(error instanceof DatabaseFailure) || error.kind === "Unreachable") throw error;
      failed.push(statement.replace(/^SELECT set_config\(.*?\); /s, "").replaceAll(identifier(scratch), "it"));
    }
  return failed.length === 0
    ? []
    : [`Of the database's own settings these could not be given to the restored one: ${failed.join("; ")}.`];
};
