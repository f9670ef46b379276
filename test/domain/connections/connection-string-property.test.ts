import fc from "fast-check";
import { expect, it } from "vitest";
import { parseConnectionString } from "../../../src/domain/connections/connection-string.ts";
import { ConnectionStringInvalid } from "../../../src/domain/connections/connection-string-invalid.ts";
import type { DatabaseEngine } from "../../../src/domain/database.ts";
import { Secret } from "../../../src/domain/secret.ts";

interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

// White space around a value is nobody's: drivers trim it unless it is quoted, and these writers always quote.
const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 24 }).filter((text) => !text.includes("\0"));
const awkward = fc.string({
  unit: fc.constantFrom(..."a;='\"{}[]@:/?#%&+\\, \tß€".split("")),
  minLength: 1,
  maxLength: 12,
});
const text = fc.oneof(anyText, awkward);
const login: fc.Arbitrary<Login> = fc.record({
  host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  database: text,
  user: text,
  password: text,
});

const doubled = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const single = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const braced = (value: string): string => `{${value.replaceAll("}", "}}")}}`;
const escaped = (value: string): string => `'${value.replace(/['\\]/g, String.raw`\$&`)}'`;
const encoded = encodeURIComponent;
const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** One way each that drivers' own builders write the same login. */
const writers: readonly (readonly [string, DatabaseEngine, (login: Login) => string])[] = [
  [
    "ADO.NET, double quotes",
    "SqlServer",
    (one) =>
      `Server=tcp:${one.host},${one.port};Initial Catalog=${doubled(one.database)};User ID=${doubled(one.user)};Password=${doubled(one.password)};Encrypt=True`,
  ],
  [
    "ADO.NET, single quotes",
    "MySql",
    (one) =>
      `Server=${one.host};Port=${one.port};Database=${single(one.database)};Uid=${single(one.user)};Pwd=${single(one.password)}`,
  ],
  [
    "Npgsql",
    "PostgreSql",
    (one) =>
      `Host=${one.host};Port=${one.port};Username=${doubled(one.user)};Password=${single(one.password)};Database=${doubled(one.database)};`,
  ],
  [
    "ODBC",
    "SqlServer",
    (one) =>
      `Driver={ODBC Driver 18 for SQL Server};Server=${one.host},${one.port};Database=${braced(one.database)};Uid=${braced(one.user)};Pwd=${braced(one.password)}`,
  ],
  [
    "MySQL's ODBC",
    "MySql",
    (one) =>
      `DRIVER={MySQL};SERVER=${one.host};PORT=${one.port};DATABASE=${braced(one.database)};UID=${braced(one.user)};PWD=${braced(one.password)}`,
  ],
  [
    "libpq",
    "PostgreSql",
    (one) =>
      `host=${one.host} port=${one.port} dbname=${escaped(one.database)} user=${escaped(one.user)} password=${escaped(one.password)}`,
  ],
  [
    "a URL",
    "PostgreSql",
    (one) =>
      `postgresql://${encoded(one.user)}:${encoded(one.password)}@${bracketed(one.host)}:${one.port}/${encoded(one.database)}`,
  ],
  [
    "a URL of MySQL",
    "MySql",
    (one) =>
      `mysql://${encoded(one.user)}:${encoded(one.password)}@${bracketed(one.host)}:${one.port}/${encoded(one.database)}?ssl-mode=REQUIRED`,
  ],
  [
    "a URL of SQL Server",
    "SqlServer",
    (one) =>
      `sqlserver://${encoded(one.user)}:${encoded(one.password)}@${bracketed(one.host)}:${one.port}?database=${encoded(one.database)}`,
  ],
  [
    "JDBC",
    "PostgreSql",
    (one) =>
      `jdbc:postgresql://${bracketed(one.host)}:${one.port}/${encoded(one.database)}?user=${encoded(one.user)}&password=${encoded(one.password)}`,
  ],
  [
    "SQL Server's JDBC",
    "SqlServer",
    (one) =>
      `jdbc:sqlserver://${bracketed(one.host)}:${one.port};databaseName=${braced(one.database)};user=${braced(one.user)};password=${braced(one.password)}`,
  ],
];

it.each(writers)("what %s can say comes back as it was written", (_, engine, write) => {
  fc.assert(
    fc.property(login, (one) => {
      const found = parseConnectionString(new Secret(write(one)), engine);
      expect({ ...found, password: found.password?.reveal() }).toMatchObject(one);
    }),
  );
});

it("a damaged connection string is read or refused, and a refusal repeats no value", () => {
  const secretive = fc.record({
    login: login.map((one) => ({ ...one, database: "Zq1", user: "Zq2", password: "Zq3" })),
    writer: fc.constantFrom(...writers),
    at: fc.nat(),
    damage: fc.string({ unit: fc.constantFrom(..."';\"{}=%@/?&\\ ,:".split("")), maxLength: 3 }),
  });
  fc.assert(
    fc.property(secretive, (given) => {
      const [, engine, write] = given.writer;
      const whole = write(given.login);
      const cut = given.at % (whole.length + 1);
      const damaged = new Secret(whole.slice(0, cut) + given.damage + whole.slice(cut));
      try {
        parseConnectionString(damaged, engine);
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectionStringInvalid);
        expect(String(error)).not.toMatch(/Zq/);
      }
    }),
    { numRuns: 2_000 },
  );
});
