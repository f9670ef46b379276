import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import type { DatabaseCheck } from "../../../ports/database-tool.ts";
import { literal, maintenanceDatabase, runSql, toolPath, type PostgresNeeds, type PostgresTool } from "./session.ts";
import { runTool } from "../tool-process.ts";

interface Checking {
  readonly connection: DatabaseConnection;
  readonly signal: AbortSignal;
}

/** Tool, server and login, and whether a dump could read everything. */
export const checkDump = async (needs: PostgresNeeds, checking: Checking): Promise<DatabaseCheck> => {
  const tool = await toolVersion(needs, "pg_dump", checking);
  const seen = await lookInside(needs, checking);
  checkVersions(tool, seen, checking.connection);
  if (seen.unreadable.length > 0)
    throw notAllowed(
      checking.connection,
      `The user may not read ${seen.unreadable.join(", ")}. Grant it SELECT there, or the role pg_read_all_data.`,
    );
  if (seen.hidden.length > 0)
    throw notAllowed(
      checking.connection,
      `Row-level security hides rows of ${seen.hidden.join(", ")} from the user. Grant it BYPASSRLS, or dump as the owner.`,
    );
  return { ...described("pg_dump", tool, seen), weaker: weakerThan(seen) };
};

/** Such a constraint holds while the table is filled, and what its function looks at may be filled later. */
const lookingNote =
  "CHECK constraints that call functions which are not IMMUTABLE. Where such a function looks at other tables, a restore may be refused by it, for these may be loaded later. A trigger is safe, and so is a constraint that is NOT VALID.";

/** What such a function names by a path of the application's own is not found while its tables are loaded. */
const astrayNote =
  "functions that constraints, indexes, generated columns or materialized views call, and that seem to name what neither their own search_path nor the database's leads to. A restore may be refused for them: ALTER DATABASE ... SET search_path = ... as the application does, or set it for the functions.";

const weakerThan = ({ looking, astray }: Inside): readonly string[] => [
  ...(looking.length === 0 ? [] : [`${looking.join(", ")}: ${lookingNote}`]),
  ...(astray.length === 0 ? [] : [`${astray.join(", ")}: ${astrayNote}`]),
];

/** Tools, server and login, and whether databases may be made and exchanged. */
export const checkLoad = async (needs: PostgresNeeds, checking: Checking): Promise<DatabaseCheck> => {
  const { connection } = checking;
  if (connection.isReadOnly) throw notAllowed(connection, "It is a replica that can only be read. Name the primary.");
  const tool = await toolVersion(needs, "pg_restore", checking);
  const rights = await lookAround(needs, checking);
  checkVersions(tool, rights, connection);
  if (!rights.mayCreate)
    throw notAllowed(
      connection,
      `The user may not make databases, and a restore loads beside. Let an administrator run: ALTER ROLE ${rights.user} CREATEDB;`,
    );
  if (!rights.exists) return described("pg_restore", tool, { ...rights, sizeBytes: 0, objects: 0, exists: false });
  if (!rights.mayRename)
    throw notAllowed(
      connection,
      `The user does not own the database, so it cannot exchange it. Let an administrator run: ALTER DATABASE ${rights.name} OWNER TO ${rights.user};`,
    );
  return described("pg_restore", tool, await lookInside(needs, checking));
};

const notAllowed = (connection: DatabaseConnection, reason: string): DatabaseFailure =>
  new DatabaseFailure("NotAllowed", `The database ${databaseLabel(connection)}: ${reason}`);

const toolVersion = async (needs: PostgresNeeds, name: PostgresTool, { signal }: Checking): Promise<string> => {
  toolPath(needs, "psql");
  const said = await runTool({ command: toolPath(needs, name), args: ["--version"], env: {}, signal });
  const version = /(\d+(?:\.\d+)*)/.exec(said)?.[1];
  if (version !== undefined) return version;
  throw new DatabaseFailure(
    "ToolTooOld",
    `${name} does not tell its version. Install PostgreSQL's client programs anew.`,
  );
};

/** pg_dump refuses newer servers; pg_restore may load into any, but knows nothing of a newer one's words. */
const checkVersions = (tool: string, { version }: Versioned, connection: DatabaseConnection): void => {
  const [have, need] = [tool, version].map((text) => Number.parseInt(text, 10));
  if (have === undefined || need === undefined || have >= need) return;
  throw new DatabaseFailure(
    "ToolTooOld",
    `The database ${databaseLabel(connection)} is on PostgreSQL ${version}, and the client programs here are ${tool}. Install those of ${need} or newer (Debian: postgresql-client-${need}).`,
  );
};

interface Versioned {
  readonly version: string;
}

interface Inside extends Versioned {
  readonly sizeBytes: number;
  /** What somebody has made in it. */
  readonly objects: number;
  readonly unreadable: readonly string[];
  readonly hidden: readonly string[];
  /** CHECK constraints by whose functions other rows may count. */
  readonly looking: readonly string[];
  /** Functions that are called while tables are loaded, and name what the session that loads may not find. */
  readonly astray: readonly string[];
}

interface Around extends Versioned {
  /** As statements write them. */
  readonly user: string;
  readonly name: string;
  readonly exists: boolean;
  readonly mayCreate: boolean;
  readonly mayRename: boolean;
}

const described = (
  tool: string,
  toolVersion: string,
  seen: Versioned & Pick<Inside, "sizeBytes" | "objects"> & { readonly exists?: boolean },
): DatabaseCheck => ({
  tool,
  toolVersion,
  serverVersion: seen.version,
  content: seen.exists === false ? "missing" : seen.objects === 0 ? "empty" : "present",
  sizeBytes: seen.sizeBytes,
  weaker: [],
});

/** Neither the system's own, nor what an extension brought along. */
const ownObject = (catalog: string, alias: string): string =>
  `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${alias}.oid AND d.deptype = 'e')`;

const own = {
  relations: `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${ownObject("pg_class", "c")}`,
  functions: `FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ownObject("pg_proc", "p")}`,
  types: `FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r') AND ${ownObject("pg_type", "t")}`,
};

/** The first few, for a message. */
const some = (names: string): string => `(SELECT COALESCE(json_agg(x), '[]') FROM (${names} LIMIT 5) x(x))`;

/** What is not found by the path of this session, which is that of the session that loads: by its name as a pattern. */
const unseen = `SELECT lower(o.name) AS name, regexp_replace(o.name, '(\\W)', '\\\\\\1', 'g') AS pattern FROM (
    SELECT c.relname AS name, c.relnamespace AS space FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT pg_table_is_visible(c.oid)
    UNION SELECT p.proname, p.pronamespace FROM pg_proc p WHERE NOT pg_function_is_visible(p.oid)
    UNION SELECT t.typname, t.typnamespace FROM pg_type t WHERE t.typtype IN ('e', 'd', 'r') AND NOT pg_type_is_visible(t.oid)
  ) o JOIN pg_namespace n ON n.oid = o.space WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;

/** Those whose text is read when they are called, by the path of whoever calls them, and that a load calls. */
const calledByLoads = `SELECT p.oid, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE l.lanname IN ('sql', 'plpgsql') AND to_jsonb(p) ->> 'prosqlbody' IS NULL AND ${ownObject("pg_proc", "p")}
    AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) one WHERE one LIKE 'search_path=%')
    AND EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND (
      d.classid = 'pg_constraint'::regclass
      OR d.classid = 'pg_class'::regclass AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = d.objid)
      OR d.classid = 'pg_attrdef'::regclass AND EXISTS (SELECT 1 FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
        WHERE f.oid = d.objid AND COALESCE(to_jsonb(a) ->> 'attgenerated', '') <> '')
      OR d.classid = 'pg_rewrite'::regclass AND EXISTS (SELECT 1 FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE r.oid = d.objid AND c.relkind = 'm')))`;

const insideQuery = `SELECT json_build_object(
  'version', current_setting('server_version'),
  'sizeBytes', pg_database_size(current_database()),
  'objects', (SELECT count(*) ${own.relations}) + (SELECT count(*) ${own.functions}) + (SELECT count(*) ${own.types})
    + (SELECT count(*) FROM pg_largeobject_metadata),
  'unreadable', ${some(`SELECT format('%I.%I', n.nspname, c.relname) ${own.relations} AND c.relkind IN ('r', 'p', 'm', 'S')
    AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))`)},
  'hidden', ${some(`SELECT format('%I.%I', n.nspname, c.relname) ${own.relations} AND c.relrowsecurity AND row_security_active(c.oid)`)},
  'looking', ${some(`SELECT format('%s of %s', k.conname, k.conrelid::regclass) FROM pg_constraint k
    WHERE k.contype = 'c' AND k.conrelid <> 0 AND k.convalidated AND k.conislocal AND EXISTS (SELECT 1 FROM pg_depend d
      JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
        AND p.provolatile <> 'i' AND ${ownObject("pg_proc", "p")})`)},
  'astray', ${some(`SELECT called.oid::regprocedure::text FROM (${calledByLoads}) called
    WHERE EXISTS (SELECT 1 FROM (${unseen}) o WHERE strpos(lower(called.prosrc), o.name) > 0 AND called.prosrc ~* ('(^|[^.\\w"])"?' || o.pattern || '"?(\\W|$)')) ORDER BY 1`)})`;

const lookInside = async (needs: PostgresNeeds, { connection, signal }: Checking): Promise<Inside> => {
  const { database } = connection;
  // Safe: the query above says what is in it.
  return JSON.parse(await runSql(needs, connection, { database, sql: [insideQuery], signal })) as Inside;
};

const lookAround = async (needs: PostgresNeeds, { connection, signal }: Checking): Promise<Around> => {
  const name = literal(connection.database);
  const sql = `SELECT json_build_object(
    'version', current_setting('server_version'),
    'user', quote_ident(current_user),
    'name', quote_ident(${name}),
    'exists', EXISTS (SELECT 1 FROM pg_database WHERE datname = ${name}),
    'mayCreate', (SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user),
    'mayRename', COALESCE((SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = ${name}), false))`;
  // Safe: as above.
  return JSON.parse(
    await runSql(needs, connection, { database: maintenanceDatabase(connection), sql: [sql], signal }),
  ) as Around;
};
