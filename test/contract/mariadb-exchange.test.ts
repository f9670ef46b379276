import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { DatabaseFailure, keptDatabaseName, scratchDatabaseName } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Exchanged } from "../../src/ports/database-tool.ts";
import { everyStatement } from "../support/long-runs.ts";
import { hasMariadb, startMariadb, type MariadbServer } from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";
import { statementBudget, type StatementBudget } from "../support/statement-budget.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const kept = keptDatabaseName("feedfeedfeedfeed");
const exchanged: Exchanged = { scratch, kept, replaces: true };

let server: MariadbServer;
let budget: StatementBudget;

/** Different in everything: tables of both, of one, with triggers, views on views, an own collation. */
const oldContent = `
  ALTER DATABASE COLLATE utf8mb4_bin;
  CREATE TABLE goods (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO goods VALUES (1, 'old');
  CREATE TABLE gone (id INT PRIMARY KEY, good INT REFERENCES goods (id)); INSERT INTO gone VALUES (1, 1);
  CREATE TRIGGER watch BEFORE UPDATE ON goods FOR EACH ROW SET NEW.name = UPPER(NEW.name);
  CREATE VIEW z_one AS SELECT name FROM goods; CREATE VIEW a_two AS SELECT name FROM z_one;
  CREATE PROCEDURE renew() UPDATE goods SET name = 'x';`;
const newContent = `
  ALTER DATABASE COLLATE utf8mb4_unicode_ci;
  CREATE TABLE goods (id INT PRIMARY KEY, name VARCHAR(30)); INSERT INTO goods VALUES (1, 'new'), (2, 'newer');
  CREATE TABLE come (id INT PRIMARY KEY, good INT REFERENCES goods (id)); INSERT INTO come VALUES (1, 2);
  CREATE TRIGGER watch BEFORE UPDATE ON goods FOR EACH ROW SET NEW.name = LOWER(NEW.name);
  CREATE VIEW z_one AS SELECT id, name FROM goods; CREATE FUNCTION five() RETURNS INT RETURN 5;
  CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM come;`;

const written = (database: string): string => {
  const where = ["--no-defaults", `--socket=${join(server.folder, "s.sock")}`, "--user=root"];
  const what = ["--routines", "--triggers", "--events", "--skip-dump-date", "--skip-comments", "--databases", database];
  return execFileSync("mariadb-dump", [...where, ...what], { encoding: "utf8" }).replaceAll(database, "DATABASE");
};

const prepare = async (live: string | undefined): Promise<void> => {
  await server.query("", ["shop", scratch, kept].map((name) => `DROP DATABASE IF EXISTS ${name}`).join(";"));
  await server.query("", `CREATE DATABASE ${scratch}`);
  await server.query(scratch, newContent);
  if (live === undefined) return;
  await server.query("", "CREATE DATABASE shop");
  if (live !== "") await server.query("shop", live);
};

const tool = () => mysqlTool({ findTool: budget.findTool, token: () => Promise.resolve(new Secret("none")) });
const switchIn = (one: Exchanged) => tool().switchIn(server.connection("shop"), one);
const switchBack = (one: Exchanged) => tool().switchBack(server.connection("shop"), one);

/** Runs it with so few statements that it cannot end; true when it did end. */
const interrupted = async (statements: number, work: () => Promise<unknown>): Promise<boolean> => {
  budget.allow(statements);
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    return false;
  } finally {
    budget.allow(1_000_000);
  }
};

const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
  budget.allow(1_000_000);
  await work();
  return budget.spent();
};

/** All of them in a long run; some, spread over all, else. */
const points = (statements: number): readonly number[] => {
  const step = everyStatement ? 1 : Math.ceil(statements / 2);
  return Array.from({ length: statements }, (_, index) => index).filter((index) => (index + 3) % step === 0);
};

const cases = [
  { from: "a database", live: oldContent, replaces: true },
  { from: "an empty database", live: "", replaces: true },
  { from: "none", live: undefined, replaces: false },
];

describeWith("mariadb", hasMariadb, "a switch of MariaDB that is interrupted", () => {
  beforeAll(async () => {
    server = await startMariadb();
    budget = statementBudget();
  });
  afterAll(async () => {
    budget.remove();
    await server.stop();
  });

  it.each(cases)("is finished by the next call, from $from", { timeout: 600_000 }, async ({ live, replaces }) => {
    const one = { ...exchanged, replaces };
    await prepare(live);
    const wanted = written(scratch);
    const all = await statementsOf(() => switchIn(one));
    expect(all).toBeGreaterThan(12);
    for (const point of points(all)) {
      await prepare(live);
      expect(await interrupted(point, () => switchIn(one)), `statement ${point}`).toBe(false);
      await switchIn(one);
      expect(written("shop"), `statement ${point}`).toBe(wanted);
      expect(await server.databases()).not.toContain(scratch);
    }
  });

  it.each(cases)("is taken back whole, from $from", { timeout: 600_000 }, async ({ live, replaces }) => {
    const one = { ...exchanged, replaces };
    await prepare(live);
    const before = live === undefined ? "" : written("shop");
    const all = await statementsOf(() => switchIn(one));
    const backAll = await statementsOf(() => switchBack(one));
    let moment = 0;
    for (const point of [...points(all), all]) {
      await prepare(live);
      expect(await interrupted(point, () => switchIn(one))).toBe(point === all);
      // The way back is interrupted too, each time a little later.
      moment = (moment + 3) % backAll;
      await interrupted(moment, () => switchBack(one));
      await switchBack(one);
      expect(live === undefined ? "" : written("shop"), `statements ${point} and ${moment}`).toBe(before);
      const rest = (await server.databases()).filter((name) => name.startsWith("lifeboat_"));
      expect([...rest, (await server.databases()).includes("shop")]).toEqual([live !== undefined]);
    }
  });

  it("is whole or as before when the server's power fails while the tables are renamed", async () => {
    await prepare(oldContent);
    const before = written("shop");
    const wanted = written(scratch);
    const all = await statementsOf(() => switchIn(exchanged));
    for (let round = 0; round < 2; round++) {
      await prepare(oldContent);
      // Near the renames, which come after some two thirds of all statements.
      const cut = interrupted(Math.floor(all / 2) + round, () => switchIn(exchanged));
      await Promise.all([cut, cut.then(() => server.kill())]);
      await server.start();
      const racing = switchIn(exchanged).catch((error: unknown) => error);
      await new Promise((resolve) => setImmediate(resolve));
      await server.kill();
      await racing;
      await server.start();
      if (round % 2 === 0) await switchIn(exchanged);
      else await switchBack(exchanged);
      expect(written("shop")).toBe(round % 2 === 0 ? wanted : before);
    }
  });
});
