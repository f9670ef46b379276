import { databaseTypeOf, databaseTypes } from "../../domain/database.ts";
import { refuse } from "../../domain/errors.ts";
import type { DatabaseWish } from "../../operations/databases/database-wishes.ts";
import type { DatabaseCheck } from "../../ports/database-tool.ts";
import { fields, isObject } from "./lenient-json.ts";

const mostDatabases = 100;

/** ARM's DatabaseBackupSetting[]; undefined when the body says nothing of databases. */
export const parseDatabases = (given: readonly unknown[] | undefined): readonly DatabaseWish[] | undefined => {
  if (given !== undefined && given.length > mostDatabases)
    throw refuse("InvalidField", { field: "properties.databases", reason: `more than ${mostDatabases} are listed.` });
  return given?.map((one, place) => parseDatabase(one, `properties.databases[${place}]`));
};

const parseDatabase = (given: unknown, at: string): DatabaseWish => {
  if (!isObject(given)) throw refuse("InvalidField", { field: at, reason: "expected an object." });
  const members = fields(given, at);
  const typeText = members.text("databaseType");
  const type = typeText === undefined ? undefined : databaseTypeOf(typeText);
  if (type === undefined)
    throw refuse("InvalidField", {
      field: `${at}.databaseType`,
      reason: `expected one of ${databaseTypes.join(", ")}.`,
    });
  const connectionStringName = members.text("connectionStringName");
  // App Service takes the one for the other where only one is given.
  const name = members.text("name") || connectionStringName;
  if (!name || name.length > 200)
    throw refuse("InvalidField", { field: `${at}.name`, reason: "expected a name of 1 to 200 characters." });
  const connectionString = members.secret("connectionString");
  return {
    type,
    name,
    ...(connectionStringName ? { connectionStringName } : {}),
    ...(connectionString === undefined ? {} : { connectionString }),
  };
};

/** Connection strings are never shown, except to an admin who asks for secrets. */
export const databasesReply = (databases: readonly DatabaseWish[] | undefined) =>
  databases === undefined || databases.length === 0 ? null : databases.map(databaseReply);

/** ARM's DatabaseBackupSetting. In an archive of somebody else's a type may have another name. */
export const databaseReply = ({
  type,
  name,
  connectionStringName,
  connectionString,
}: Omit<DatabaseWish, "type"> & { readonly type: string }) => ({
  databaseType: type,
  name,
  connectionStringName: connectionStringName ?? null,
  connectionString: connectionString?.reveal() ?? null,
});

/** What a server said when it was asked; null where it was not, or did not answer. */
export const databaseCheckReply = (check: DatabaseCheck | undefined) => ({
  content: check?.content ?? null,
  tool: check === undefined ? null : `${check.tool} ${check.toolVersion}`,
  serverVersion: check?.serverVersion ?? null,
  weaker: check?.weaker ?? [],
});
