import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { commandLine, unvarying, type CommandLine } from "../support/command-line.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres, type PostgresServer } from "../support/postgres-server.ts";

describeWith("postgresql", postgresPrograms !== undefined, "databases by the command line", () => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  let server: PostgresServer;
  let lifeboat: CommandLine;

  beforeAll(async () => {
    server = await startPostgres();
    await server.query("", "CREATE DATABASE orders");
    await server.query("orders", "CREATE TABLE item (name text); INSERT INTO item VALUES ('soup')");
    mkdirSync(join(folder.path, "srv"));
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(folder.path, "srv", "index.html"), "<h1>Shop</h1>\n");
    const connectionStrings = {
      OrdersDb: { type: "Custom", value: server.url("orders") },
      Missing: { type: "PostgreSQL", value: server.url("nothing") },
      Cache: { type: "Custom", value: "localhost:6379,ssl=false" },
    };
    const site = { wwwroot: join(folder.path, "srv"), connectionStrings };
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify(site));
    await startLifeboat({ data, flags: ["--tls-port", "0", "--site-roots", join(folder.path, "srv")] });
    lifeboat = commandLine({ LIFEBOAT_DATA: data, DATABASE_URL: server.url("orders") }, folder.path);
  });
  afterAll(async () => {
    await killAll();
    await server.stop();
    folder.remove();
  });

  const told = async (line: string, code = 0): Promise<string> => {
    const ended = await lifeboat.run(...line.split(" "));
    expect(`${line}: ${ended.code} ${code === ended.code ? "" : ended.err + ended.out}`.trim()).toBe(
      `${line}: ${code}`,
    );
    expect(ended.out + ended.err).not.toContain("pass'word");
    return unvarying(code === 0 || ended.out !== "" ? ended.out : ended.err);
  };
  const items = (): Promise<string> => server.query("orders", "SELECT name FROM item");

  it("tells before a backup whether the databases' tools and servers answer", async () => {
    expect(await told("backup shop --dry-run --database OrdersDb")).toMatch(
      /\n {2}database OrdersDb: orders on 127\.0\.0\.1:\d+, [\d.]+ MB, by pg_dump [\d.]+\S*\n$/,
    );
    expect(await told("backup shop --dry-run --database all", 4)).toMatch(/\n {2}database Missing: .*nothing/);
    expect(await told("backup shop --database Cache", 5)).toMatch(
      /no connection string Cache .*It has: OrdersDb, Missing\./,
    );
  });

  it("backs them up, and says done in part when it was allowed to go on without one", async () => {
    expect(await told("backup shop --database OrdersDb --name whole")).toMatch(/^Backup 1 of shop: Succeeded/);
    expect(await told("show shop 1")).toMatch(/^databases OrdersDb$/m);
    expect(await told("backup shop --database all --without-broken-databases", 3)).toMatch(
      /^Backup 2 of shop: PartiallySucceeded/,
    );
    expect(await told("show shop 2")).toMatch(/^databases OrdersDb$/m);
    expect(await told("status --check", 1)).toMatch(/^shop +PartiallySucceeded \(2\) /m);
    expect(await told("restore shop 2 --dry-run")).toMatch(/\n {2}database OrdersDb/);
  });

  it("schedules them with the files, and leaves the rest of a schedule as it was", async () => {
    const every = "schedule shop --every 1d --start 2099-01-01T02:00Z";
    expect(await told(`${every} --database OrdersDb`)).toMatch(/\n {2}holds {4}the files, OrdersDb\n/);
    expect(await told("backup shop --dry-run")).toMatch(
      /\n {2}database OrdersDb: orders on 127\.0\.0\.1:\d+, .* by pg_dump/,
    );
    expect(await told("schedule shop --keep 60d")).toMatch(/60 d.*\n {2}holds {4}the files, OrdersDb\n/);
    expect(await told("schedule shop --database none")).toMatch(/60 d.*\n {2}holds {4}the files\n/);
    expect(await told("schedule shop --database Nothing", 5)).toMatch(/no connection string Nothing/);
    await told("schedule shop --remove");
  });

  it("says what a restore would do to them, restores files and databases together, and takes both back", async () => {
    await server.query("orders", "UPDATE item SET name = 'stone'");
    writeFileSync(join(folder.path, "srv", "index.html"), "<h1>Hacked</h1>\n");
    const plan = await told("restore shop whole --dry-run");
    expect(plan).toMatch(/1 replaced \(other content\)/);
    expect(plan).toMatch(/\n {2}database OrdersDb \([\d.]+ KB\) replaced: orders on 127\.0\.0\.1:\d+\n {2}downtime: /);
    expect(await told("restore shop whole --yes")).toMatch(/^Restore of shop: Succeeded/);
    expect(await items()).toBe("soup");
    expect(await told("undo shop --yes")).toMatch(/^Undo of shop: Succeeded/);
    expect(await items()).toBe("stone");
  });

  it("restores the files or the databases alone when asked to", async () => {
    expect(await told("restore shop whole --files-only --yes")).toMatch(/replaced: 1/);
    expect(await items()).toBe("stone");
    writeFileSync(join(folder.path, "srv", "index.html"), "<h1>Mine</h1>\n");
    expect(await told("restore shop whole --databases-only --yes")).toMatch(/Succeeded/);
    expect(await items()).toBe("soup");
    expect(await told("diff shop whole live")).toMatch(/^(?:~ .*\n)?M site\/wwwroot\/index\.html$/m);
    expect(await told("restore shop whole --database Other --yes", 5)).toMatch(/holds OrdersDb\./);
    expect(await told("restore shop whole --to second --yes", 4)).toMatch(
      /no connection string[^]*Nothing was changed\. --files-only --configuration brings back/,
    );
  });

  it("describes a site with its database by one command, which is then in its backups", async () => {
    mkdirSync(join(folder.path, "srv", "crm"));
    writeFileSync(join(folder.path, "broken"), server.url("nothing"));
    const add = `site add crm ${join(folder.path, "srv", "crm")}`;
    expect(await told(`${add} --connection-string main=postgres://u:pass@h/d`, 2)).toMatch(/never the string itself/);
    expect(await told(`${add} --connection-string main=env:DATABASE_URL --connection-string bad=broken`, 3)).toMatch(
      /\n {2}database main: orders on 127\.0\.0\.1:\d+, [\d.]+ MB, by pg_dump [\d.]+\S*\n {2}database bad: .*nothing.*\n`lifeboat backup crm --database all`/,
    );
    expect(await told("backup crm --database main")).toMatch(/^Backup 1 of crm: Succeeded/);
    expect(await told("site list")).not.toContain("127.0.0.1");
  });

  it("says which databases a backup or a schedule goes without, where nobody named one", async () => {
    const forgotten = (command: string): string =>
      `  without databases: OrdersDb, Missing. \`lifeboat ${command} shop --database all\` takes them along.\n`;
    const err = async (...line: readonly string[]): Promise<string> => (await lifeboat.run(...line)).err;
    expect(await err("backup", "shop", "--quiet")).toBe(forgotten("backup"));
    expect(await err("schedule", "shop", "--every", "1d", "--start", "2099-01-01T02:00Z")).toBe(forgotten("schedule"));
    expect(await err("schedule", "shop", "--every", "2d", "--database", "OrdersDb")).toBe("");
    expect(await err("schedule", "shop", "--every", "2d", "--database", "none")).toBe("");
    expect(await err("schedule", "shop", "--remove", "--json")).toBe("");
    expect(await told("doctor")).toMatch(
      /^warning {2}site shop: Its last good backup \(\d+\) holds no database.* OrdersDb, Missing\.$/m,
    );
  });
});
