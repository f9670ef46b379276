import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { absentTool } from "../../src/adapters/databases/absent-tool.ts";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { postgresTool } from "../../src/adapters/databases/postgresql/postgres-tool.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { DatabaseWish } from "../../src/operations/database-wishes.ts";
import type { DatabaseTool } from "../../src/ports/database-tool.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres, type PostgresServer } from "../support/postgres-server.ts";
import { restoreWorld, type RestoreWorld } from "../support/restore-world.ts";

const tool = postgresTool({
  findTool: findToolIn([postgresPrograms ?? ""]),
  token: () => Promise.reject(new Error("no identity here")),
});

/** A whole site, files and databases, through every step, on a real server. */
describeWith("postgresql", postgresPrograms !== undefined, "a site with a PostgreSQL database", () => {
  let server: PostgresServer;
  let world: RestoreWorld;
  /** What stands in the place of parts of the tool. */
  let fault: Partial<DatabaseTool> = {};
  const faulty = new Proxy(tool, {
    get: (real, name) => Reflect.get(fault, name) ?? Reflect.get(real, name),
  });

  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server.stop());

  beforeEach(async () => {
    fault = {};
    world = restoreWorld({
      databaseTools: { PostgreSql: faulty, MySql: absentTool("MySql"), SqlServer: absentTool("SqlServer") },
    });
    mkdirSync(join(world.home, "site/wwwroot"), { recursive: true });
    page("one");
    await server.query("", 'CREATE DATABASE "or ders"');
    await server.query(
      "or ders",
      "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'rope')",
    );
  });
  afterEach(async () => {
    world.remove();
    for (const name of await databases()) await server.query("", `DROP DATABASE "${name}" WITH (FORCE)`);
  });

  const databases = async (): Promise<readonly string[]> =>
    (
      await server.query(
        "",
        "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1",
      )
    )
      .split("\n")
      .filter((name) => name !== "");
  const page = (text: string): void => writeFileSync(join(world.home, "site/wwwroot/index.html"), text);
  const pageNow = (): string => readFileSync(join(world.home, "site/wwwroot/index.html"), "utf8");
  const goods = (database = "or ders"): Promise<string> =>
    server.query(database, "SELECT string_agg(name, ',' ORDER BY id) FROM goods");
  const sell = (name: string) => server.query("or ders", `UPDATE goods SET name = '${name}'`);
  const orders = (): DatabaseWish => ({
    type: "PostgreSql",
    name: "Orders",
    connectionString: new Secret(server.url("or ders")),
  });
  const named: DatabaseWish = { type: "PostgreSql", name: "Orders" };

  it("comes back whole, and an undo brings back what was replaced", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    expect(backup.status).toBe("Succeeded");
    page("two");
    await sell("changed since");
    const restored = await world.restore(backup, { databases: [named] });
    expect(restored.log).toContain("The database Orders was restored");
    expect(restored.status).toBe("Succeeded");
    expect([await goods(), pageNow()]).toEqual(["rope", "one"]);
    expect((await databases()).filter((name) => name.startsWith("lifeboat_"))).toHaveLength(1);
    expect((await world.undo()).status).toBe("Succeeded");
    expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
    expect(await databases()).toEqual(["or ders"]);
  });
});
