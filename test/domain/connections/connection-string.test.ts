import { describe, expect, it } from "vitest";
import { parseConnectionString } from "../../../src/domain/connections/connection-string.ts";
import { ConnectionStringInvalid } from "../../../src/domain/connections/connection-string-invalid.ts";
import type { DatabaseEngine } from "../../../src/domain/database.ts";
import { Secret } from "../../../src/domain/secret.ts";

/** What was read, the password opened, in one line of JSON-like text that a table can hold. */
const read = (engine: DatabaseEngine, text: string) => {
  const {
    password,
    others,
    engine: _,
    signIn,
    isReadOnly,
    tls,
    ...rest
  } = parseConnectionString(new Secret(text), engine);
  return {
    ...rest,
    ...(password !== undefined && { password: password.reveal() }),
    ...(others.length > 0 && { others }),
    ...(signIn !== "password" && { signIn }),
    ...(isReadOnly && { isReadOnly }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
};

const shop = { database: "shop", user: "me", password: "p" };

describe("a connection string of SQL Server", () => {
  it.each([
    [
      "Server=tcp:srv.database.windows.net,1433;Initial Catalog=shop;Persist Security Info=False;User ID=me;Password=p;MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;",
      { host: "srv.database.windows.net", port: 1433, ...shop, tls: { mode: "verify-full" } },
    ],
    ["Data Source=host,1433;Database=shop;Uid=me;Pwd=p", { host: "host", port: 1433, ...shop }],
    [
      String.raw`Data Source=.\SQLEXPRESS;Initial Catalog=shop;user=me;password=p`,
      { host: "localhost", instance: "SQLEXPRESS", ...shop },
    ],
    [
      String.raw`Address=tcp:[fe80::1]\ONE,14330;Database=shop;UID=me;PWD=p;Encrypt=no`,
      { host: "fe80::1", instance: "ONE", port: 14_330, ...shop, tls: { mode: "disable" } },
    ],
    [
      `Server=h;Database="a;b";User Id='it''s';Password="quo""te;=";Encrypt=Mandatory;TrustServerCertificate=yes`,
      { host: "h", database: "a;b", user: "it's", password: 'quo"te;=', tls: { mode: "require" } },
    ],
    [
      'Driver={ODBC Driver 18 for SQL Server};Server=tcp:h,1433;Database=shop;Uid=me;Pwd={p;}}="};Encrypt=strict',
      { host: "h", port: 1433, ...shop, password: 'p;}="', tls: { mode: "verify-full" } },
    ],
    [
      "jdbc:sqlserver://h:1433;databaseName=shop;user=me;password={p;}}{};encrypt=true;trustServerCertificate=true",
      { host: "h", port: 1433, ...shop, password: "p;}{", tls: { mode: "require" } },
    ],
    [
      String.raw`jdbc:sqlserver://;serverName=h\one;portNumber=1444;databaseName=shop;user=me;password=p`,
      { host: "h", instance: "one", port: 1444, ...shop },
    ],
    ["jdbc:sqlserver://[::1]:1433;databaseName=shop;user=me;password=p", { host: "::1", port: 1433, ...shop }],
    [
      "sqlserver://me:p@h:1433?database=shop&encrypt=false",
      { host: "h", port: 1433, ...shop, tls: { mode: "disable" } },
    ],
    ["sqlserver://me:p@h/one?database=shop", { host: "h", instance: "one", ...shop }],
    [
      "mssql://me:p@h:1433/shop?trustServerCertificate=true",
      { host: "h", port: 1433, ...shop, tls: { mode: "prefer" } },
    ],
    ["sqlserver://h:1433;database=shop;user=me;password=p", { host: "h", port: 1433, ...shop }],
    [
      "mssql+pyodbc:///?odbc_connect=Driver%3D%7BODBC+Driver+18%7D%3BServer%3Dh%3BDatabase%3Dshop%3BUID%3Dme%3BPWD%3Dp",
      { host: "h", ...shop },
    ],
    [
      "Server=group.secondary.database.windows.net;Database=shop;User Id=me;Password=p;MultiSubnetFailover=True",
      { host: "group.secondary.database.windows.net", ...shop, isReadOnly: true },
    ],
    [
      "Server=h;Database=shop;User Id=me;Password=p;ApplicationIntent=ReadOnly",
      { host: "h", ...shop, isReadOnly: true },
    ],
    [
      "Server=tcp:srv.database.windows.net;Database=shop;Authentication=Active Directory Managed Identity;User Id=client",
      { host: "srv.database.windows.net", database: "shop", user: "client", signIn: "token" },
    ],
    [
      "Server=srv.database.windows.net;Database=shop",
      { host: "srv.database.windows.net", database: "shop", signIn: "token" },
    ],
  ])("is read: %s", (text, expected) => {
    expect(read("SqlServer", text)).toEqual(expected);
  });
});

describe("a connection string of MySQL and MariaDB", () => {
  it.each([
    [
      "Database=localdb;Data Source=127.0.0.1:52353;User Id=azure;Password=6#vWHD_$",
      { host: "127.0.0.1", port: 52_353, database: "localdb", user: "azure", password: "6#vWHD_$" },
    ],
    [
      "Database=acsm_1;Data Source=us-cdbr-azure-west-b.cleardb.com;User Id=b7d;Password=8f3",
      { host: "us-cdbr-azure-west-b.cleardb.com", database: "acsm_1", user: "b7d", password: "8f3" },
    ],
    [
      "Server=db.mysql.database.azure.com; Port=3306; Database=shop; Uid=me; Pwd=p; SslMode=Required;",
      { host: "db.mysql.database.azure.com", port: 3306, ...shop, tls: { mode: "require" } },
    ],
    [
      "host=h;user name=me;username=me;password=p;database=shop;Ssl Mode=VerifyFull;SslCa=/ca.pem",
      { host: "h", ...shop, tls: { mode: "verify-full", caFile: "/ca.pem" } },
    ],
    ["server=/run/mysqld/mysqld.sock;uid=me;pwd=p;db=shop", { host: "/run/mysqld/mysqld.sock", ...shop }],
    ["mysql:host=h;port=3307;dbname=shop;user=me;password=p", { host: "h", port: 3307, ...shop }],
    ["mysql://me:p@h/shop?ssl-mode=VERIFY_IDENTITY", { host: "h", ...shop, tls: { mode: "verify-full" } }],
    ["mysql2://me:p%40%3A%2F@[::1]:3307/shop", { host: "::1", port: 3307, ...shop, password: "p@:/" }],
    ["mysql+pymysql://me:p@h/shop?unix_socket=/run/s", { host: "/run/s", ...shop }],
    ['mysql://me:p@h/shop?ssl={"rejectUnauthorized":true}', { host: "h", ...shop, tls: { mode: "verify-full" } }],
    ['mysql://me:p@h/shop?ssl={"rejectUnauthorized":false}', { host: "h", ...shop, tls: { mode: "require" } }],
    ["mysql://me:p@h/shop?sslaccept=strict", { host: "h", ...shop, tls: { mode: "verify-full" } }],
    [
      "jdbc:mysql://h:3306/shop?user=me&password=p&useSSL=true&requireSSL=true&verifyServerCertificate=false",
      { host: "h", port: 3306, ...shop, tls: { mode: "require" } },
    ],
    [
      "jdbc:mariadb://h/shop?user=me&password=p&sslMode=verify-full",
      { host: "h", ...shop, tls: { mode: "verify-full" } },
    ],
    ["jdbc:mysql://h/shop?user=me&password=p&useSSL=false", { host: "h", ...shop, tls: { mode: "disable" } }],
    ["Driver={MySQL ODBC 8.0};Server=h;Database=shop;User=me;Password={p;q};", { host: "h", ...shop, password: "p;q" }],
    [
      "Server=db.mysql.database.azure.com;Database=shop;User Id=app",
      { host: "db.mysql.database.azure.com", database: "shop", user: "app", signIn: "token" },
    ],
    [
      "Server=localhost;Database=shop;User Id=root;Password=",
      { host: "localhost", database: "shop", user: "root", signIn: "none" },
    ],
  ])("is read: %s", (text, expected) => {
    expect(read("MySql", text)).toEqual(expected);
  });
});

describe("a connection string of PostgreSQL", () => {
  it.each([
    [
      "Server=pg.postgres.database.azure.com;Database=shop;Port=5432;User Id=me;Password=p;Ssl Mode=VerifyCA;Root Certificate=/ca.pem",
      { host: "pg.postgres.database.azure.com", port: 5432, ...shop, tls: { mode: "verify-ca", caFile: "/ca.pem" } },
    ],
    ["Host=h;Username=me;Password=p;Database=shop;Trust Server Certificate=true", { host: "h", ...shop }],
    ["Host=a:5433,b;Username=me;Password=p;Database=shop", { host: "a", port: 5433, others: [{ host: "b" }], ...shop }],
    [
      "host=h port=5433 dbname=shop user=me password=p sslmode=require",
      { host: "h", port: 5433, ...shop, tls: { mode: "require" } },
    ],
    [
      String.raw`host = '/run/postgresql' dbname='a b' user=it\'s password='q\'u\\o;te' `,
      { host: "/run/postgresql", database: "a b", user: "it's", password: String.raw`q'u\o;te` },
    ],
    ["host=h hostaddr=10.0.0.1 dbname=shop user=me password=p;y", { host: "h", ...shop, password: "p;y" }],
    [
      "host=a,b port=1,2 dbname=shop user=me password=p",
      { host: "a", port: 1, others: [{ host: "b", port: 2 }], ...shop },
    ],
    ["host=h; port=5433; user=me; password=p; database=shop", { host: "h", port: 5433, ...shop }],
    [
      "postgres://me:p@h:5433/shop?sslmode=verify-full&sslrootcert=system",
      { host: "h", port: 5433, ...shop, tls: { mode: "verify-full" } },
    ],
    ["postgresql://me:p%20%25@h/a%20b", { host: "h", database: "a b", user: "me", password: "p %" }],
    ["postgresql://me:p@ss@h/shop", { host: "h", ...shop, password: "p@ss" }],
    ["postgresql:///shop?host=/run/postgresql&user=me&password=p", { host: "/run/postgresql", ...shop }],
    ["postgresql://me:p@%2Frun%2Fpg/shop", { host: "/run/pg", ...shop }],
    ["postgres://me:p@a:1,b:2/shop", { host: "a", port: 1, others: [{ host: "b", port: 2 }], ...shop }],
    ["postgresql+psycopg2://me:p@[::1]/shop?options=endpoint%3Dx", { host: "::1", ...shop, options: "endpoint=x" }],
    [
      "jdbc:postgresql://h:5433/shop?user=me&password=p&ssl=true",
      { host: "h", port: 5433, ...shop, tls: { mode: "require" } },
    ],
    ["jdbc:postgresql:shop?user=me&password=p", { host: "localhost", ...shop }],
    ["pgsql:host=h;port=5433;dbname=shop;user=me;password=p", { host: "h", port: 5433, ...shop }],
    [
      "Host=x.reader.postgres.database.azure.com;Username=me;Password=p;Database=shop",
      { host: "x.reader.postgres.database.azure.com", ...shop, isReadOnly: true },
    ],
  ])("is read: %s", (text, expected) => {
    expect(read("PostgreSql", text)).toEqual(expected);
  });
});

describe("a connection string that cannot be used", () => {
  it.each<readonly [DatabaseEngine, string, string]>([
    ["MySql", "", "connectionString"],
    ["MySql", "xyzqqq", "connectionString"],
    ["MySql", "Database=xyzqqq", "Server"],
    ["MySql", "Server=xyzqqq;Uid=xyz", "Database"],
    ["MySql", "Server=h;Port=xyzqqq", "Port"],
    ["MySql", "Server=h;Port=0", "Port"],
    ["MySql", "Server=h:xyzqqq", "Server"],
    ["MySql", "Server=two xyzqqq words;Database=d", "Server"],
    ["MySql", "Server=h;Pwd='xyzqqq;Database=d", "Pwd"],
    ["MySql", "Server=h;Pwd='xyz'qqq;Database=d", "Pwd"],
    ["MySql", "Server=h;Pwd=xyz;qqq;Database=d", "Pwd"],
    ["MySql", "Server=h;Ssl Mode=xyzqqq", "Ssl Mode"],
    ["MySql", "Server=h;useSSL=xyzqqq", "useSSL"],
    ["MySql", "mysql://u:xyz%qqq@h/d", "password"],
    ["MySql", "mysql://u:xyz/qqq@h/d", "password"],
    ["MySql", "mysql://u:p@h/d?password=xyz&qqq=%zz", "connectionString"],
    ["MySql", "postgres://u:xyzqqq@h/d", "connectionString"],
    ["MySql", "mongodb://u:xyzqqq@h/d", "connectionString"],
    ["MySql", "jdbc:mysql:replication://a,b/xyzqqq", "connectionString"],
    ["PostgreSql", "host=h password='xyzqqq", "password"],
    ["PostgreSql", "host=h password=xyz qqq", "password"],
    ["PostgreSql", "host=h service=xyzqqq", "service"],
    ["PostgreSql", "Host=h;SSL Certificate=/xyzqqq", "SSL Certificate"],
    ["SqlServer", "Server=h;Integrated Security=SSPI", "Integrated Security"],
    ["SqlServer", "Server=(localdb)\\xyzqqq;Database=d", "Server"],
    ["SqlServer", "Server=np:\\\\xyzqqq\\pipe;Database=d", "Server"],
    ["SqlServer", "Server=h;AttachDbFilename=xyzqqq", "AttachDbFilename"],
    ["SqlServer", "Server=h;Encrypt=xyzqqq", "Encrypt"],
    ["SqlServer", "Server=h;Authentication=Active Directory Interactive", "Authentication"],
    ["SqlServer", "Driver={ODBC};Server=h;Pwd={xyzqqq;Database=d", "Pwd"],
  ])("%s: %s names the key and not the value", (engine, text, key) => {
    const parse = () => parseConnectionString(new Secret(text), engine);
    expect(parse).toThrow(ConnectionStringInvalid);
    expect(parse).toThrow(`${key}: `);
    expect(parse).not.toThrow(/xyz|qqq/);
  });
});
