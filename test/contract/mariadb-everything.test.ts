import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { keptDatabaseName, scratchDatabaseName } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Exchanged } from "../../src/ports/database-tool.ts";
import { everything } from "../support/mariadb-everything.ts";
import { hasMariadb, startMariadb, type MariadbServer } from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const exchanged: Exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
const never = new AbortController().signal;
const tool = mysqlTool({ findTool: findToolIn([]), token: () => Promise.resolve(new Secret("none")) });

let server: MariadbServer;

/** All of a database as the server's own tool writes it. The event that runs every second must not run meanwhile. */
const written = (database: string): string => {
  const where = ["--no-defaults", `--socket=${join(server.folder, "s.sock")}`, "--user=root"];
  const what = ["--single-transaction", "--routines", "--triggers", "--events", "--hex-blob", "--skip-dump-date"];
  const options = { encoding: "utf8" as const, maxBuffer: 2 ** 28 };
  return execFileSync(
    "mariadb-dump",
    [...where, ...what, "--default-character-set=utf8mb4", "--skip-comments", database],
    options,
  );
};

const withoutDefiners = (text: string): string => text.replaceAll(/DEFINER=\S+@[`"'%\w]+/g, "DEFINER");

const read = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

/** A table named as its character set with every byte that it takes, and for some with every fifth pair of them, and what they were. */
const everyText = (set: string, hasPairs: boolean): string => {
  const insert = (bytes: string, from: string): string =>
    `INSERT INTO ${set} SELECT seq, ${bytes}, ${bytes} FROM ${from}`;
  return `CREATE TABLE ${set} (id INT PRIMARY KEY, raw VARBINARY(2), text VARCHAR(2) CHARACTER SET ${set});
    ${insert("UNHEX(LPAD(HEX(seq), 2, '0'))", "seq_0_to_255")};
    ${hasPairs ? insert("UNHEX(HEX(seq))", "seq_33072_to_65535 WHERE seq % 256 > 47 AND seq % 5 = 0") : "DO 0"};
    DELETE FROM ${set} WHERE HEX(raw) <> HEX(text)`;
};

/** What a load says of the one object whose definer is no user. */
const orphans: unknown = expect.stringMatching(/^1 .* nobody here is called \(nobody_here@%\)/);

const dump = (): Promise<Buffer> => read(tool.dump(server.connection("shop"), { scratch, signal: never }));
const load = (bytes: Uint8Array) =>
  tool.load(server.connection("shop"), { scratch, dump: inPieces(bytes), signal: never });

describeWith("mariadb", hasMariadb, "a database with everything in it", () => {
  beforeAll(async () => {
    server = await startMariadb();
    await server.query("", "SET GLOBAL event_scheduler = OFF");
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    for (const name of ["shop", scratch, exchanged.kept]) await server.query("", `DROP DATABASE IF EXISTS ${name}`);
    await server.query("", "CREATE DATABASE shop");
    await server.query("shop", everything);
  });

  it("comes back the same in every row and object, and goes back to what it replaced", async () => {
    const before = written("shop");
    expect(before).toMatch(/came_from[^]*then_said[^]*nightly[^]*a_first/);
    const bytes = await dump();
    await server.query(
      "shop",
      "DROP VIEW a_first; DROP TRIGGER quoted; DELETE FROM goods WHERE id = 2; ALTER DATABASE shop COLLATE latin1_bin",
    );
    await server.query(
      "shop",
      "CREATE TABLE since (id INT); CREATE VIEW newer AS SELECT * FROM since; DROP EVENT nightly",
    );
    const changed = written("shop");
    const report = await load(bytes);
    expect(report.notes).toEqual([orphans]);
    expect(written("shop")).toBe(changed);
    await tool.switchIn(server.connection("shop"), exchanged);
    expect(written("shop")).toBe(before);
    await tool.switchBack(server.connection("shop"), exchanged);
    expect(written("shop")).toBe(changed);
    expect(await tool.listOwn(server.connection("shop"))).toEqual([]);
  });

  it("has its triggers where it is loaded, though they were made with the live database's name", async () => {
    await server.query("shop", "CREATE TABLE noted (what VARCHAR(20))");
    await server.query(
      "shop",
      "CREATE TRIGGER shop.typed\n BEFORE INSERT\n ON shop.noted FOR EACH ROW SET NEW.what = UPPER(NEW.what); CREATE PROCEDURE names() DELETE FROM shop.noted",
    );
    const bytes = await dump();
    expect(bytes.toString("latin1")).toContain("TRIGGER shop.typed");
    await server.query("shop", "DROP TRIGGER typed");
    expect((await load(bytes)).notes).toEqual([orphans]);
    const triggers = (database: string) =>
      server.query("", `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '${database}'`);
    expect(await triggers("shop")).not.toContain("typed");
    expect(await triggers(scratch)).toContain("typed");
    await tool.switchIn(server.connection("shop"), exchanged);
    expect(await server.query("shop", "INSERT INTO noted VALUES ('a'); SELECT * FROM noted")).toBe("A");
    await tool.switchBack(server.connection("shop"), exchanged);
    const copied = await tool.load(server.connection("copy"), { scratch, dump: inPieces(bytes), signal: never });
    expect(copied.notes).toEqual([
      orphans,
      expect.stringMatching(/^1 triggers.* the database shop .*: procedure names\.$/),
    ]);
  });

  it("comes back under another name, and where there is none, with columns that sequences count and views into other databases", async () => {
    const { query } = server;
    await query("", "CREATE DATABASE other; CREATE TABLE other.o (id INT PRIMARY KEY)");
    await query(
      "shop",
      "CREATE SEQUENCE counted START 7; CREATE TABLE counts (id INT PRIMARY KEY DEFAULT (100 + NEXTVAL(counted)), label VARCHAR(40) DEFAULT (CONCAT('val(`shop`.`counted`) ', NEXTVAL(shop.counted))), since DATE DEFAULT '0000-00-00', n INT) WITH SYSTEM VERSIONING",
    );
    await query("shop", "INSERT INTO counts (n) VALUES (1)");
    await query(
      "shop",
      "CREATE VIEW abroad AS SELECT o.id, c.n, 'from `shop`.`counts`' AS said, LASTVAL(counted) AS last FROM other.o JOIN counts c ON c.id = o.id",
    );
    const before = written("shop");
    const bytes = await dump();
    for (const target of ["copy", "shop"]) {
      await query("", "DROP DATABASE shop");
      const connection = server.connection(target);
      await tool.load(connection, { scratch, dump: inPieces(bytes), signal: never });
      await tool.switchIn(connection, { ...exchanged, replaces: false });
      expect(written(target).replaceAll(`\`${target}\``, "`shop`")).toBe(before);
      await query("", "CREATE DATABASE IF NOT EXISTS shop");
      await query(target, "INSERT INTO counts (n) VALUES (2)");
      expect(await query(target, "SELECT label FROM counts WHERE n = 2")).toMatch(/^val\(`shop`.`counted`\) \d+$/);
      await tool.switchBack(connection, { ...exchanged, replaces: false });
    }
    await query("", "DROP DATABASE other; CREATE DATABASE IF NOT EXISTS shop");
  });

  it("has its packages back, and a way back from them", async () => {
    const oracle = "SET sql_mode = 'ORACLE';\nDELIMITER //\n";
    const body = "CREATE PACKAGE BODY pk AS FUNCTION f RETURN INT AS BEGIN RETURN 5; END; END//\nDELIMITER ;\n";
    await server.query("shop", `${oracle}CREATE PACKAGE pk AS FUNCTION f RETURN INT; END//\n${body}`);
    const before = written("shop");
    expect(before).toContain("PACKAGE BODY");
    await load(await dump());
    await tool.switchIn(server.connection("shop"), exchanged);
    expect(written("shop")).toBe(before);
    await tool.switchBack(server.connection("shop"), exchanged);
    expect(written("shop")).toBe(before);
  });

  it("leaves events asleep until the loaded database is live", async () => {
    const bytes = await dump();
    await server.query("", "SET GLOBAL event_scheduler = ON");
    try {
      await load(bytes);
      const status = `SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_NAME = 'nightly' AND EVENT_SCHEMA = `;
      expect(await server.query("", `${status}'${scratch}'`)).toBe("DISABLED");
      await tool.switchIn(server.connection("shop"), exchanged);
      expect(await server.query("", `${status}'shop'`)).toBe("ENABLED");
    } finally {
      await server.query("", "SET GLOBAL event_scheduler = OFF");
    }
  });

  it("names an event that cannot come back because its time has passed, also when it is undone", async () => {
    const once = (event: string, year: number): string =>
      `SET timestamp = UNIX_TIMESTAMP('2019-01-01'); CREATE EVENT ${event} ON SCHEDULE AT '${year}-01-01 00:00:00' DO DELETE FROM log`;
    await server.query("shop", `${once("yesterday", 2020)}; ${once("some_day", 2037)}`);
    const past: unknown = expect.stringMatching(/^The event yesterday is not there: the time/);
    expect((await load(await dump())).notes).toEqual([orphans, past]);
    expect((await tool.switchIn(server.connection("shop"), exchanged)).notes).toEqual([]);
    const there = "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_NAME IN ('yesterday', 'some_day')";
    expect(await server.query("", there)).toBe("some_day");
    expect((await tool.switchBack(server.connection("shop"), exchanged)).notes).toEqual([past]);
  });

  it("is told with the number of texts that come back as others, in every character set, and no other is one", async () => {
    const found = await server.query(
      "",
      "SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS ORDER BY 1",
    );
    const sets = found.split("\n").map((line) => line.split("\t"));
    const texts = sets.filter(([set]) => set !== "binary");
    expect(texts.length).toBeGreaterThan(30);
    const at = server.connection("texts");
    // As many at once as the sentence names.
    for (let from = 0; from < texts.length; from += 5) {
      const some = texts.slice(from, from + 5);
      const made = some.map(([set = "", length]) => everyText(set, length !== "1")).join(";");
      await server.query("", `CREATE OR REPLACE DATABASE texts; USE texts; SET sql_mode = ''; ${made}`);
      let lacks = "";
      const bytes = await read(tool.dump(at, { scratch, signal: never, lacks: (one) => void (lacks += one) }));
      await tool.load(at, { scratch, dump: inPieces(bytes), signal: never });
      const counts = some.map(
        ([set]) =>
          `SELECT CONCAT('${set}, ', COUNT(*), ' rows') FROM ${set} WHERE HEX(raw) <> HEX(text) HAVING COUNT(*) > 0`,
      );
      const changed = await server.query(scratch, counts.join(";"));
      expect(lacks.match(/\w+, \d+ rows/g)?.join("\n") ?? "", made).toBe(changed);
    }
    await server.query("", "DROP DATABASE texts");
  });

  it("is of one moment although others write to it", async () => {
    await server.query("shop", "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT)");
    await server.query("shop", "INSERT INTO accounts SELECT seq, 100 FROM seq_1_to_500");
    const where = ["--no-defaults", `--socket=${join(server.folder, "s.sock")}`, "--user=root", "--database=shop"];
    const writer = spawn("mariadb", [...where, "--batch", "--unbuffered", "--skip-column-names"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    writer.stdin.on("error", () => undefined);
    const gone = once(writer, "exit");
    const said = once(writer.stdout, "data");
    writer.stdin.write(
      "DELIMITER //\nBEGIN NOT ATOMIC DECLARE a, b INT; SELECT 'begun'; LOOP SET a = FLOOR(1 + RAND() * 500), b = FLOOR(1 + RAND() * 500); START TRANSACTION; UPDATE accounts SET balance = balance - 7 WHERE id = a; UPDATE accounts SET balance = balance + 7 WHERE id = b; COMMIT; END LOOP; END//\n",
    );
    await said;
    for (let round = 0; round < 3; round++) {
      const bytes = await dump();
      await load(bytes);
      const sum = await server.query(scratch, "SELECT SUM(balance), COUNT(*), MAX(balance) <> 100 FROM accounts");
      expect(sum).toBe("50000\t500\t1");
    }
    writer.kill("SIGKILL");
    await gone;
  });

  it("may be loaded by a user who may not name others, and says whose name things run in", async () => {
    await server.query("", "CREATE OR REPLACE USER plain@'%' IDENTIFIED BY 'pass'");
    await server.query(
      "",
      "GRANT ALL PRIVILEGES ON shop.* TO plain@'%'; GRANT ALL PRIVILEGES ON `lifeboat\\_%`.* TO plain@'%'",
    );
    const connection = { ...server.connection("shop"), user: "plain", password: new Secret("pass") };
    await expect(tool.check(connection, "load", never)).rejects.toThrow(/function made_before.*mysql\.proc/);
    await server.query("", "GRANT SELECT ON mysql.proc TO plain@'%'");
    await tool.check(connection, "load", never);
    const before = written("shop");
    const bytes = await dump();
    const report = await tool.load(connection, { scratch, dump: inPieces(bytes), signal: never });
    expect(report.notes).toEqual([expect.stringMatching(/^11 triggers, views, routines or events/)]);
    await tool.switchIn(connection, exchanged);
    const definers = "SELECT DISTINCT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'shop'";
    expect(await server.query("", definers)).toBe("plain@%");
    expect(await server.query("shop", "CALL in_anothers_name(); SELECT COUNT(*) FROM a_first")).toBe("1\n2003");
    const back = await tool.switchBack(connection, exchanged);
    expect(back.notes).toEqual([expect.stringMatching(/^11 triggers/)]);
    expect(withoutDefiners(written("shop"))).toBe(withoutDefiners(before));
    await tool.load(connection, { scratch, dump: inPieces(bytes), signal: never });
    await server.query("shop", "CREATE PROCEDURE newer() SELECT 1");
    await tool.switchIn(connection, exchanged);
    const again = await tool.switchBack(connection, exchanged);
    expect(again.notes).toEqual([expect.stringMatching(/^1 triggers/)]);
  });
});
