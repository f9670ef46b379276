import { expect, it } from "vitest";
import { guessEngine } from "../../../src/domain/connections/guess-engine.ts";
import { Secret } from "../../../src/domain/secret.ts";

it.each([
  ["postgres://u:p@h/d", "PostgreSql"],
  ["postgresql+asyncpg://u:p@h/d", "PostgreSql"],
  ["jdbc:mariadb://h/d", "MySql"],
  ["jdbc:sqlserver://h;databaseName=d", "SqlServer"],
  ["mysql:host=h;dbname=d", "MySql"],
  ["Driver={PostgreSQL Unicode};Server=h", "PostgreSql"],
  ["Server=h;Driver={ODBC Driver 18 for SQL Server}", "SqlServer"],
  ["Server=x.mysql.database.azure.com;Database=d", "MySql"],
  ["Host=x.postgres.database.azure.com;Database=d", "PostgreSql"],
  ["Server=tcp:x.database.windows.net,1433;Database=d", "SqlServer"],
  ["Data Source=h;Initial Catalog=d", "SqlServer"],
  ["Host=h;Port=5432;Database=d", "PostgreSql"],
  ["Data Source=h:3306;Database=d", "MySql"],
])("an untyped connection string shows what it is for: %s", (text, engine) => {
  expect(guessEngine(new Secret(text))).toBe(engine);
});

it.each([
  "Server=h;Database=d;User Id=u;Password=p",
  "redis.example:6380,password=p,ssl=True",
  "mongodb://u:p@h/d",
  "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k==",
  "Endpoint=sb://n.servicebus.windows.net/;SharedAccessKey=k=",
  "Data Source=app.db",
  "",
])("one that does not say so is not guessed at: %s", (text) => {
  expect(guessEngine(new Secret(text))).toBeUndefined();
});
