import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { absentTool } from "../support/absent-tool.ts";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { postgresTool } from "../../src/adapters/databases/postgresql/postgres-tool.ts";
import { backupItem } from "../../src/api/wire/backup-item.ts";
import { plannedRestore } from "../../src/api/wire/planned-restore.ts";
import { DatabaseFailure } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { putBackupConfiguration } from "../../src/operations/backups/backup-configuration.ts";
import { discoverBackups } from "../../src/operations/containers/discover.ts";
import { planRestore } from "../../src/operations/restores/plan-restore.ts";
import { readLoadedDatabases } from "../../src/operations/rows/loaded-database-rows.ts";
import { forgetExpiredUndos } from "../../src/steps/restore/forget-expired-undos.ts";
import type { DatabaseWish } from "../../src/operations/databases/database-wishes.ts";
import type { DatabaseTool } from "../../src/ports/database-tool.ts";
import { shop } from "../support/installation.ts";
import { flipBit, replaceObject } from "../support/replace-object.ts";
import { putObject } from "../support/put-object.ts";
import type { RestoreWish } from "../../src/operations/restores/asked-restore.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres, superuserPassword, type PostgresServer } from "../support/postgres-server.ts";
import { standingProxy } from "../support/standing-proxy.ts";
import { container, everything, restoreWorld, sas, type RestoreWorld } from "../support/restore-world.ts";

const needs = {
  findTool: findToolIn([postgresPrograms ?? ""]),
  token: () => Promise.reject(new Error("no identity here")),
};
const tool = postgresTool(needs);

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
    const goods = "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'rope')";
    await server.query("", `CREATE DATABASE "or ders";\n\\connect "or ders"\n${goods}`);
  });
  afterEach(async () => {
    world.remove();
    const drops = (await databases()).map((name) => `DROP DATABASE "${name}" WITH (FORCE);`);
    await server.query("", drops.join("\n"));
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

  it("is told by the dry run, the manifest, the container and the item, and no connection string by any", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    const plan = await planRestore(world.deps)(world.call, shop, {
      restore: { ...everything, backup: backup.id, databases: [named] },
      showAll: false,
      limit: 10,
    });
    expect(plan.databases).toMatchObject([{ check: { content: "present", tool: "pg_restore" } }]);
    expect(plan.problems).toEqual([]);
    const found = await discoverBackups(world.deps)(world.call, shop, {
      storageAccountUrl: sas,
      blobName: `${backup.blobBase}.zip`,
    });
    expect(found.found[0]?.databases).toEqual([{ type: "PostgreSql", name: "Orders" }]);
    const [dump] = found.found[0]?.manifest?.databases ?? [];
    expect(dump).toMatchObject({ entry: "Orders.dump", tool: "pg_dump" });
    const shown = JSON.stringify([backup, plan.databases, plannedRestore(plan)]);
    expect(shown).not.toContain(superuserPassword.slice(0, 6));
    const site = { id: shop, location: "Local", tier: "Standard" };
    const item = backupItem({ site, backup, apiVersion: "2025-05-01" }, "single");
    expect(item.properties.databases).toEqual([
      { databaseType: "PostgreSql", name: "Orders", connectionStringName: null, connectionString: null },
    ]);
    expect(dump?.sizeBytes).toBeGreaterThan(0);
    expect(item.properties).toMatchObject({ websiteSizeInBytes: 3, databaseSizeInBytes: dump?.sizeBytes });
  });

  it("is found by the name of one of the site's connection strings, and of the backup's configuration", async () => {
    const value = new Secret(server.url("or ders"));
    world.settings.now = { appSettings: {}, connectionStrings: { OrdersDb: { value, type: "PostgreSQL" } } };
    await putBackupConfiguration(world.deps)(world.call, shop, {
      databases: [{ type: "PostgreSql", name: "Orders", connectionStringName: "ordersdb" }],
    });
    const backup = await world.backUp();
    expect(backup).toMatchObject({ status: "Succeeded", databases: [{ name: "Orders" }] });
    await sell("changed since");
    const wish = { ...named, connectionStringName: "OrdersDb" };
    expect((await world.restore(backup, { databases: [wish], databasesOnly: true })).status).toBe("Succeeded");
    expect(await goods()).toBe("rope");
  });

  it("leaves databases alone when none is listed", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    page("two");
    await sell("changed since");
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect([await goods(), pageNow()]).toEqual(["changed since", "one"]);
  });

  it("comes back into another database, which is made where it is not there, and is taken away by an undo", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    page("two");
    const copy = { ...named, connectionString: new Secret(server.url("copy")) };
    const restored = await world.restore(backup, { databases: [copy], databasesOnly: true });
    expect(restored).toMatchObject({ status: "Succeeded" });
    expect(restored.steps).not.toContain("swapIn");
    expect([await goods("copy"), await goods(), pageNow()]).toEqual(["rope", "rope", "two"]);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(await databases()).toEqual(["or ders"]);
  });

  it("is not written over without overwrite, but into an empty database", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    const wish = { overwrite: false, databasesOnly: true };
    const refused = await world.restore(backup, { ...wish, databases: [named] });
    expect(refused).toMatchObject({ status: "Failed" });
    expect(refused.log).toContain("is not empty, and overwrite is false");
    await server.query("", "CREATE DATABASE fresh");
    const fresh = { ...named, connectionString: new Secret(server.url("fresh")) };
    expect((await world.restore(backup, { ...wish, databases: [fresh] })).status).toBe("Succeeded");
    expect(await goods("fresh")).toBe("rope");
  });

  it.each([
    ["a password that is wrong", () => server.url("or ders").replace("pass", "fail"), /password authentication failed/],
    ["a database that is not there", () => server.url("nobody"), /database "nobody" does not exist/],
    ["a server that is not there", () => "postgres://u:p@127.0.0.1:1/db", /Connection refused.*Check host, port/],
  ])(
    "fails a backup before the long work for %s, or is left out where the caller wants the rest",
    async (_, url, why) => {
      const wrong: DatabaseWish = { type: "PostgreSql", name: "Other", connectionString: new Secret(url()) };
      let packed = 0;
      const steps = { packShard: () => Promise.reject(new Error(`packed ${++packed} times`)) };
      const failed = await world.tryBackUp({ databases: [orders(), wrong] }, steps);
      expect([failed.status, packed]).toEqual(["Failed", 0]);
      expect(failed.log).toMatch(why);
      const partial = await world.tryBackUp({ databases: [wrong, orders()], continueOnDatabaseError: true });
      expect(partial.status).toBe("PartiallySucceeded");
      expect(partial.log).toContain("Not in this backup: the database Other");
      expect(partial.databases).toEqual([named]);
      expect(failed.databases).toHaveLength(2);
      await sell("changed since");
      expect((await world.restore(partial, { databases: [named] })).status).toBe("Succeeded");
      expect(await goods()).toBe("rope");
      const missing = await world.restore(partial, { databases: [{ type: "PostgreSql", name: "Other" }] });
      expect(missing.log).toContain('The backup holds no database "Other"; it holds Orders.');
    },
  );

  it("fails a backup whose server goes away in the middle of the dump, and leaves nothing in the container", async () => {
    fault = {
      async *dump(connection, work) {
        let pieces = 0;
        for await (const piece of tool.dump(connection, work)) {
          yield piece;
          if (pieces++ === 0) await server.kill();
        }
      },
    };
    // More than the pipes between hold.
    await server.query("or ders", "CREATE TABLE big AS SELECT n, repeat('x', 1000) t FROM generate_series(1, 20000) n");
    try {
      const failed = await world.tryBackUp({ databases: [orders()] });
      expect(failed.status).toBe("Failed");
      expect(failed.log).toMatch(/or ders on 127\.0\.0\.1/);
    } finally {
      await server.start();
    }
    expect(await zips()).toEqual([]);
  });

  it("leaves no copy that a dump was made from, wherever that ends", async () => {
    let made = "";
    fault = {
      dumpsFromCopy: true,
      // oxlint-disable-next-line require-yield -- it ends before there is anything to yield
      async *dump(_, { scratch }) {
        made = scratch;
        await server.query("", `CREATE DATABASE ${scratch}`);
        throw new DatabaseFailure("ToolFailed", "the tool died beside its copy");
      },
    };
    const failed = await world.tryBackUp({ databases: [orders()] });
    expect(failed).toMatchObject({ status: "Failed", log: expect.stringContaining("died beside its copy") as string });
    expect(made).toMatch(/^lifeboat_s_/);
    expect(await databases()).toEqual(["or ders"]);
  });

  it("is let go of by a backup that is cancelled, also while its dump waits for a lock", async () => {
    const locks = server.query("or ders", "BEGIN; LOCK TABLE goods; SELECT pg_sleep(120)").catch(() => undefined);
    const asking = (): Promise<string> =>
      server.query(
        "",
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lifeboat' AND wait_event_type = 'Lock'",
      );
    await vi.waitFor(async () => {
      expect(await server.query("", "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'")).not.toBe("0");
    }, waiting);
    const backup = world.tryBackUp({ databases: [orders()] });
    await vi.waitFor(async () => expect(await asking()).toBe("1"), waiting);
    await world.takeAway();
    world.clock.time = new Date(world.clock.time.getTime() + 60_000);
    await backup;
    expect(await asking()).toBe("0");
    await server.query("", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(120)'");
    await locks;
  });

  it("is not loaded out of an archive that nobody here has written, unless the caller asks for that", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    for (const kind of ["zip", "xml"]) {
      const store = world.container(container);
      const { sizeBytes = 0, metadata = {} } = (await store.head(`${backup.blobBase}.${kind}`)) ?? {};
      const bytes = await store.read(`${backup.blobBase}.${kind}`, { offset: 0, length: sizeBytes });
      await putObject(store, `theirs.${kind}`, bytes, metadata);
    }
    await sell("changed since");
    const theirs = { storageAccountUrl: sas, blobName: "theirs.zip", databases: [orders()] };
    const refused = await world.restore(undefined, theirs);
    expect(refused).toMatchObject({ status: "Failed", log: expect.stringMatching(/allow-unknown-dumps/) as string });
    const plan = (more: Partial<RestoreWish>) =>
      planRestore(world.deps)(world.call, shop, {
        restore: { ...everything, ...theirs, ...more },
        showAll: false,
        limit: 10,
      });
    expect((await plan({})).problems).toEqual([expect.stringMatching(/the catalog does not know.*allowUnknownDumps/)]);
    expect((await plan({ allowUnknownDumps: true })).problems).toEqual([]);
    expect([await goods(), await databases()]).toEqual(["changed since", ["or ders"]]);
    expect((await world.restore(undefined, { ...theirs, allowUnknownDumps: true })).status).toBe("Succeeded");
    expect(await goods()).toBe("rope");
  });

  it("is loaded only when all of its dump is as it was written: not one statement of another one runs", async () => {
    await server.query("or ders", "CREATE TABLE big AS SELECT n, md5(n::text) t FROM generate_series(1, 60000) n");
    const backup = await world.backUp({ databases: [orders()] });
    await sell("changed since");
    // The last bytes of the dump: the directory, which the catalog vouches for, stays as it is.
    await replaceObject(world.container(container), `${backup.blobBase}.zip`, (bytes) =>
      flipBit(bytes.indexOf("configuration.json") - 60)(bytes),
    );
    let loads = 0;
    fault = { load: (connection, work) => (loads++, tool.load(connection, work)) };
    const failed = await world.restore(backup, { databases: [named] });
    expect(failed).toMatchObject({
      status: "Failed",
      log: expect.stringMatching(/was changed|Orders\.dump/) as string,
    });
    expect([loads, await goods(), await databases()]).toEqual([0, "changed since", ["or ders"]]);
  });

  it("is followed by the site's connection string when that is asked for, until an undo", async () => {
    const value = new Secret(server.url("or ders"));
    const other = { value: new Secret("Server=other"), type: "Custom" };
    world.settings.now = { appSettings: {}, connectionStrings: { OrdersDb: { value, type: "Custom" }, Other: other } };
    const backup = await world.backUp({ databases: [{ ...named, connectionStringName: "ordersdb" }] });
    const copy = { ...named, connectionString: new Secret(server.url("copy")) };
    const wish = { databases: [copy], adjustConnectionStrings: true };
    const now = () =>
      Object.entries(world.settings.now.connectionStrings).map(([key, one]) => [key, one.value.reveal(), one.type]);
    const before = now();
    expect((await world.restore(backup, { databases: [copy] })).status).toBe("Succeeded");
    expect(now()).toEqual(before);
    for (const configuration of [false, true]) {
      const restored = await world.restore(backup, { ...wish, configuration });
      expect(restored.log).toContain("The connection string OrdersDb leads to the restored database Orders now.");
      expect(now()).toEqual([
        ["OrdersDb", server.url("copy"), "Custom"],
        ["Other", "Server=other", "Custom"],
      ]);
      expect((await world.undo()).status).toBe("Succeeded");
      expect(now()).toEqual(before);
    }
    const twice = await world.restore(backup, wish, {
      restoreConfiguration: async (input, call) => {
        await world.steps().restoreConfiguration(input, call);
        return world.steps().restoreConfiguration(input, call);
      },
    });
    expect(twice.status).toBe("Succeeded");
    expect((await world.undo()).status).toBe("Succeeded");
    expect(now()).toEqual(before);
  });

  it("is refused when the connection string that should follow cannot be told", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    const wish = { databases: [orders()], adjustConnectionStrings: true };
    const refused = await world.restore(backup, wish);
    expect(refused).toMatchObject({ status: "Failed", log: expect.stringContaining("connectionStringName") as string });
    const restore = { ...everything, ...wish, backup: backup.id };
    const plan = await planRestore(world.deps)(world.call, shop, { restore, showAll: false, limit: 10 });
    expect(plan.problems).toEqual([expect.stringContaining("Give its connectionStringName")]);
    expect(await databases()).toEqual(["or ders"]);
    const told = await world.restore(backup, { ...wish, databases: [{ ...orders(), connectionStringName: "New" }] });
    expect(told.status).toBe("Succeeded");
    expect(world.settings.now.connectionStrings).toMatchObject({ New: { type: "PostgreSQL" } });
  });

  it("leaves files and database as they were when a load fails", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    page("two");
    await sell("changed since");
    fault = {
      load: (connection, work) => tool.load(connection, { ...work, dump: cutOff(work.dump) }),
    };
    const failed = await world.restore(backup, { databases: [named] });
    expect(failed.status).toBe("Failed");
    expect(failed.steps).not.toContain("stopSite");
    expect(failed.log).toMatch(/could not be loaded|Restore another backup/);
    expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
    expect(await databases()).toEqual(["or ders"]);
  });

  it("puts everything back when the second of two databases cannot be exchanged", async () => {
    await server.query("", "CREATE DATABASE second");
    const second: DatabaseWish = { type: "PostgreSql", name: "Z", connectionString: new Secret(server.url("second")) };
    const backup = await world.backUp({ databases: [orders(), second] });
    await sell("changed since");
    page("two");
    fault = {
      switchIn: (connection, exchanged) =>
        connection.database === "second"
          ? Promise.reject(new DatabaseFailure("Busy", "somebody holds it"))
          : tool.switchIn(connection, exchanged),
    };
    const failed = await world.restore(backup, { databases: [named, { ...second }] });
    expect(failed).toMatchObject({ status: "Failed", log: expect.stringContaining("somebody holds it") as string });
    expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
    expect(await databases()).toEqual(["or ders", "second"]);
  });

  it("does not keep the site down when its server hangs from the middle of the exchange on, and is as before after the next run", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await sell("changed since");
    page("two");
    const proxy = await standingProxy(server.port);
    try {
      const hanging = postgresTool({ ...needs, patienceMs: 400 });
      fault = {
        switchIn: (at, exchanged) => {
          proxy.standAfter(600);
          return hanging.switchIn({ ...at, port: proxy.port }, exchanged);
        },
        switchBack: (at, exchanged) => hanging.switchBack({ ...at, port: proxy.port }, exchanged),
        drop: (at, name) => hanging.drop({ ...at, port: proxy.port }, name),
      };
      const restored = await world.restore(backup, { databases: [named] });
      expect(restored.status).toBe("Failed");
      expect(restored.log).toMatch(/has not answered.*could not be put back/s);
      expect(restored.steps.at(-2)).toBe("startSite");
    } finally {
      await proxy.stop();
    }
    fault = {};
    expect((await world.backUp({ databases: [orders()] })).status).toBe("Succeeded");
    expect([await goods(), pageNow(), await databases()]).toEqual(["changed since", "two", ["or ders"]]);
  });

  it("is not waited for again by the next database of a server that does not answer when all is put back", async () => {
    await server.query("", "CREATE DATABASE second");
    const second: DatabaseWish = { type: "PostgreSql", name: "Z", connectionString: new Secret(server.url("second")) };
    const backup = await world.backUp({ databases: [orders(), second] });
    await sell("changed since");
    const asked: string[] = [];
    fault = {
      switchIn: async (connection, one) => {
        const done = await tool.switchIn(connection, one);
        if (connection.database === "second") throw new DatabaseFailure("Busy", "somebody holds it");
        return done;
      },
      switchBack: async (connection) => {
        asked.push(connection.database);
        throw new DatabaseFailure("Unreachable", "its server has not answered");
      },
    };
    const failed = await world.restore(backup, { databases: [named, { ...second }] });
    expect(failed).toMatchObject({ status: "Failed", log: expect.stringContaining("could not be put back") as string });
    // The step is tried twice here.
    expect(asked).toEqual(["or ders", "or ders"]);
    fault = {};
    expect((await world.backUp()).status).toBe("Succeeded");
    expect([await goods(), await databases()]).toEqual(["changed since", ["or ders", "second"]]);
  });

  it.each([
    ["is waited for once while the site is stopped, when its server hangs", 240_000, 1],
    ["is asked again at once when its server is away and says so", 1_000, 2],
  ])("%s", async (_, waitedMs, attempts) => {
    const backup = await world.backUp({ databases: [orders()] });
    page("two");
    await sell("changed since");
    let asked = 0;
    fault = {
      switchIn: async () => {
        asked++;
        world.clock.time = new Date(world.clock.time.getTime() + waitedMs);
        throw new DatabaseFailure("Unreachable", "The database Orders: its server has not answered.");
      },
    };
    const restored = await world.restore(backup, { databases: [named] });
    expect(restored).toMatchObject({ status: "Failed", log: expect.stringMatching(/its server has not answered/) });
    expect(asked).toBe(attempts);
    expect([await goods(), pageNow(), await databases()]).toEqual(["changed since", "two", ["or ders"]]);
  });

  it("is exchanged while an application keeps coming back, which then sees the restored data", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await sell("changed since");
    let isOver = false;
    const application = (async () => {
      while (!isOver) await goods().catch(() => undefined);
    })();
    const restored = await world.restore(backup, { databases: [named] }).finally(() => {
      isOver = true;
    });
    await application;
    expect(restored.status).toBe("Succeeded");
    expect(await goods()).toBe("rope");
  });

  it.each(["checkDatabases", "loadDatabase", "switchDatabases"] as const)(
    "does not mind that %s is done twice, because the first answer was lost",
    async (step) => {
      const backup = await world.backUp({ databases: [orders()] });
      await sell("changed since");
      let answers = 0;
      const real = world.steps()[step] as (input: unknown, call: unknown) => Promise<unknown>;
      const twice = async (input: unknown, call: unknown): Promise<unknown> => {
        const result = await real(input, call);
        // The answer is lost with the process; the host runs the step again.
        return answers++ === 0 ? real(input, call) : result;
      };
      const restored = await world.restore(backup, { databases: [named] }, { [step]: twice });
      expect(restored.status).toBe("Succeeded");
      expect(await goods()).toBe("rope");
      expect((await databases()).filter((name) => name.startsWith("lifeboat_s"))).toEqual([]);
      expect((await world.undo()).status).toBe("Succeeded");
      expect(await goods()).toBe("changed since");
      expect(await databases()).toEqual(["or ders"]);
    },
  );

  it.each(["loadDatabase", "switchDatabases", "swapIn"] as const)(
    "is as before, after housekeeping too, when its run dies in %s and another run has the site",
    async (step) => {
      const backup = await world.backUp({ databases: [orders()] });
      await sell("changed since");
      page("two");
      const real = world.steps()[step] as (input: unknown, call: unknown) => Promise<unknown>;
      await new Promise<void>((reached, reject) => {
        const dying = async (input: unknown, call: unknown): Promise<never> => {
          await real(input, call);
          reached();
          return new Promise<never>(() => undefined);
        };
        const ended = world.restore(backup, { databases: [named] }, { [step]: dying });
        ended.then(({ log }) => reject(new Error(`It ended: ${log}`)), reject);
      });
      expect((await databases()).length).toBeGreaterThan(1);
      await world.takeAway();
      const next = await world.backUp();
      expect(next.status).toBe("Succeeded");
      expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
      await forgetExpiredUndos(world.deps)(world.call);
      expect(await databases()).toEqual(["or ders"]);
    },
  );

  it("keeps what was replaced as long as an undo may come, and drops it then", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await world.restore(backup, { databases: [named] });
    await forgetExpiredUndos(world.deps)(world.call);
    expect(await databases()).toHaveLength(2);
    world.clock.time = new Date(world.clock.time.getTime() + 4 * 86_400_000);
    await forgetExpiredUndos(world.deps)(world.call);
    expect(await databases()).toEqual(["or ders"]);
    expect(await readLoadedDatabases(world.deps.catalog, shop)).toEqual([]);
  });

  it("is asked again for what it could not drop while its server was away", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await world.restore(backup, { databases: [named] });
    world.clock.time = new Date(world.clock.time.getTime() + 4 * 86_400_000);
    await server.kill();
    await forgetExpiredUndos(world.deps)(world.call);
    await server.start();
    expect(await databases()).toHaveLength(2);
    await forgetExpiredUndos(world.deps)(world.call);
    expect(await databases()).toEqual(["or ders"]);
  });

  it("stays as it was restored, and goes on, while what was replaced cannot be dropped", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await world.restore(backup, { databases: [named] });
    await sell("sold after the restore");
    world.clock.time = new Date(world.clock.time.getTime() + 4 * 86_400_000);
    fault = { drop: () => Promise.reject(new DatabaseFailure("Unreachable", "the server is away")) };
    await forgetExpiredUndos(world.deps)(world.call);
    fault = {};
    expect((await world.backUp()).status).toBe("Succeeded");
    expect(await goods()).toBe("sold after the restore");
    await forgetExpiredUndos(world.deps)(world.call);
    expect(await databases()).toEqual(["or ders"]);
  });

  it("stays where it was made by a restore, while housekeeping waits for attempts that come late", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    const copy = { ...named, connectionString: new Secret(server.url("copy")) };
    const load = world.steps().loadDatabase;
    let loads = 0;
    const twice: typeof load = async (input, call) => {
      const result = await load(input, call);
      return loads++ === 0 ? load(input, call) : result;
    };
    await world.restore(backup, { databases: [copy], databasesOnly: true }, { loadDatabase: twice });
    world.clock.time = new Date(world.clock.time.getTime() + 4 * 86_400_000);
    await forgetExpiredUndos(world.deps)(world.call);
    expect((await world.backUp()).status).toBe("Succeeded");
    expect(await goods("copy")).toBe("rope");
  });

  it("is as before when its run died after the exchange and housekeeping came before the next run", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await sell("changed since");
    page("two");
    const swap = world.steps().swapIn;
    await new Promise<void>((reached, reject) => {
      const dying: typeof swap = async (input, call) => {
        await swap(input, call);
        reached();
        return new Promise<never>(() => undefined);
      };
      const ended = world.restore(backup, { databases: [named] }, { swapIn: dying });
      ended.then(({ log }) => reject(new Error(`It ended: ${log}`)), reject);
    });
    await world.takeAway();
    await forgetExpiredUndos(world.deps)(world.call);
    expect((await world.backUp()).status).toBe("Succeeded");
    expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
  });

  it("is not said to be restored when what was loaded is gone before the exchange", async () => {
    const backup = await world.backUp({ databases: [orders()] });
    await sell("changed since");
    page("two");
    const stop = world.steps().stopSite;
    const stopping: typeof stop = async (input, call) => {
      for (const name of await databases())
        if (name.startsWith("lifeboat_s")) await server.query("", `DROP DATABASE "${name}"`);
      return stop(input, call);
    };
    const restored = await world.restore(backup, { databases: [named] }, { stopSite: stopping });
    expect(restored).toMatchObject({
      status: "Failed",
      log: expect.stringContaining("was removed by others") as string,
    });
    expect([await goods(), pageNow()]).toEqual(["changed since", "two"]);
  });

  it("is refused early when its dump would never end in the time the host allows", async () => {
    const deps = { ...world.deps, policy: { ...world.deps.policy, functionTimeoutMs: 10 } };
    const asked = await world.askDatabases({ databases: [orders()] }, deps);
    expect(asked).toMatchObject({
      ok: false,
      message: expect.stringMatching(/holds [\d.]+ [kM]?B.*functionTimeout/) as string,
    });
  });

  const zips = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const { name } of world.container(container).list("")) if (name.endsWith(".zip")) names.push(name);
    return names;
  };
});

const waiting = { timeout: 60_000, interval: 100 };

async function* cutOff(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of dump) {
    yield piece.subarray(0, piece.length - 50);
    return;
  }
}
