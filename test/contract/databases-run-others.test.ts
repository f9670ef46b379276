import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { absentTool } from "../support/absent-tool.ts";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { sqlServerTool } from "../../src/adapters/databases/sql-server/sql-server-tool.ts";
import { Secret } from "../../src/domain/secret.ts";
import { fakeSqlServer } from "../support/fake-sql-server.ts";
import {
  administrator,
  administratorPassword,
  hasMariadb,
  startMariadb,
  type MariadbServer,
} from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";
import { restoreWorld, type RestoreWorld } from "../support/restore-world.ts";

const token = () => Promise.reject(new Error("no identity here"));

let world: RestoreWorld;
const page = (text: string): void => writeFileSync(join(world.home, "site/wwwroot/index.html"), text);
const pageNow = (): string => readFileSync(join(world.home, "site/wwwroot/index.html"), "utf8");

describeWith("mariadb", hasMariadb, "a site with MySQL in-app", () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb();
  }, 120_000);
  afterAll(() => server.stop());
  beforeEach(async () => {
    world = restoreWorld({
      databaseTools: {
        PostgreSql: absentTool("PostgreSql"),
        MySql: mysqlTool({ findTool: findToolIn([]), token }),
        SqlServer: absentTool("SqlServer"),
      },
    });
    mkdirSync(join(world.home, "site/wwwroot"), { recursive: true });
    page("one");
    await server.query("", "CREATE DATABASE localdb");
    await server.query("localdb", "CREATE TABLE goods (name VARCHAR(20)); CREATE VIEW v AS SELECT * FROM goods");
    await server.query("localdb", "INSERT INTO goods VALUES ('rope')");
    const password = `"${administratorPassword.replaceAll('"', '""')}"`;
    const text = `Database=localdb;Data Source=127.0.0.1:${server.port};User Id=${administrator};Password=${password}`;
    world.settings.now = {
      appSettings: {},
      connectionStrings: { localdb: { type: "MySql", value: new Secret(text) } },
    };
  });
  afterEach(async () => {
    world.remove();
    await server.query("", "DROP DATABASE localdb");
  });

  it("has it in every backup, restores it with the files, and goes back by an undo", async () => {
    const backup = await world.backUp();
    expect([backup.status, backup.databases?.map(({ type }) => type)]).toEqual(["Succeeded", ["LocalMySql"]]);
    page("two");
    await server.query("localdb", "UPDATE goods SET name = 'since'");
    const databases = [{ type: "LocalMySql", name: "localdb" } as const];
    expect((await world.restore(backup, { databases })).status).toBe("Succeeded");
    expect([await server.query("localdb", "SELECT * FROM v"), pageNow()]).toEqual(["rope", "one"]);
    expect((await world.undo()).status).toBe("Succeeded");
    expect([await server.query("localdb", "SELECT * FROM v"), pageNow()]).toEqual(["since", "two"]);
    expect((await server.databases()).filter((name) => name.startsWith("lifeboat_"))).toEqual([]);
  });

  it("is not backed up without it when its server is gone", async () => {
    await server.kill();
    try {
      await expect(world.backUp()).rejects.toThrow(/The database localdb on 127\.0\.0\.1.*server is up/);
    } finally {
      await server.start();
    }
  });
});

it("a database of SQL Server that can be copied at no one moment makes the backup partial, with the reason", async () => {
  const server = fakeSqlServer(8);
  server.change((state) => void (state.databases["shop"] = { content: "rope" }));
  world = restoreWorld({
    databaseTools: {
      PostgreSql: absentTool("PostgreSql"),
      MySql: absentTool("MySql"),
      SqlServer: sqlServerTool({
        findTool: server.findTool,
        sql: server.sql,
        token,
        workFolder: join(server.folder, "work"),
      }),
    },
  });
  try {
    mkdirSync(join(world.home, "site/wwwroot"), { recursive: true });
    page("one");
    const password = `{${server.connection("shop").password?.reveal().replaceAll("}", "}}")}}`;
    const string = `Driver={ODBC Driver 18};Server=tcp:db.test,14330;Database=shop;Uid=me;Pwd=${password};Encrypt=yes`;
    const wish = { type: "SqlAzure", name: "Orders", connectionString: new Secret(string) } as const;
    const backup = await world.backUp({ databases: [wish] });
    expect(backup.status).toBe("PartiallySucceeded");
    expect(backup.log).toMatch(/shop on db\.test:14330 is not of one moment: a managed instance/);
    server.change((state) => void (state.databases["shop"] = { content: "since" }));
    const restored = await world.restore(backup, { databases: [{ type: "SqlAzure", name: "Orders" }] });
    expect(restored.status).toBe("Succeeded");
    expect(server.databases()["shop"]).toBe("rope");
    expect((await world.undo()).status).toBe("Succeeded");
    expect(server.databases()).toEqual({ shop: "since" });
  } finally {
    world.remove();
    server.remove();
  }
});
