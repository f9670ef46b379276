import type { DatabaseEngine } from "../database.ts";

const schemes: Readonly<Partial<Record<string, DatabaseEngine>>> = {
  postgres: "PostgreSql",
  postgresql: "PostgreSql",
  postgis: "PostgreSql",
  psql: "PostgreSql",
  pgsql: "PostgreSql",
  mysql: "MySql",
  mysql2: "MySql",
  mariadb: "MySql",
  sqlserver: "SqlServer",
  sqlsrv: "SqlServer",
  mssql: "SqlServer",
};

/** What a URL's scheme says, also behind `jdbc:` and before a driver's name (`mysql+pymysql:`). */
export const engineOfScheme = (text: string): DatabaseEngine | undefined =>
  schemes[/^(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?:/i.exec(text)?.[1]?.toLowerCase() ?? ""];
