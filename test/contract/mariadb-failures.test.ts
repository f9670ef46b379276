import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { checkForBackup } from "../../src/operations/databases/check-for-backup.ts";
import {
  DatabaseFailure,
  keptDatabaseName,
  scratchDatabaseName,
  type DatabaseConnection,
} from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { hasMariadb, startMariadb, type MariadbServer } from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";
import { canMount, smallDisk } from "../support/small-disk.ts";
import { failureOf } from "../support/failure-of.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const never = new AbortController().signal;
const token = () => Promise.resolve(new Secret("none"));
const tool = mysqlTool({ findTool: findToolIn([]), token });

const read = async (stream: AsyncIterable<Uint8Array>, onFirst?: () => Promise<void>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) {
    pieces.push(piece);
    if (pieces.length === 2) await onFirst?.();
  }
  return Buffer.concat(pieces);
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describeWith("mariadb", hasMariadb, "what goes wrong with MariaDB", () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb();
    await server.query("", "CREATE DATABASE shop");
    await server.query("shop", "CREATE TABLE goods (id INT PRIMARY KEY, name LONGTEXT)");
    await server.query("shop", "INSERT INTO goods SELECT seq, REPEAT(MD5(seq), 300) FROM seq_1_to_800");
  });
  afterAll(() => server.stop());

  const as = async (user: string, ...grants: readonly string[]): Promise<DatabaseConnection> => {
    await server.query("", `CREATE OR REPLACE USER ${user}@'%' IDENTIFIED BY 'planted-word'`);
    for (const grant of grants) await server.query("", `GRANT ${grant} TO ${user}@'%'`);
    return { ...server.connection("shop"), user, password: new Secret("planted-word") };
  };

  it("a program that is not there is named, with what to install", async () => {
    const bare = mysqlTool({ findTool: () => undefined, token });
    const failure = await failureOf(DatabaseFailure, bare.check(server.connection("shop"), "dump", never));
    expect(failure).toMatchObject({ kind: "ToolMissing", message: expect.stringMatching(/mariadb-client/) });
  });

  it("a user who may not see everything is refused before the dump would leave it out in silence", async () => {
    const connection = await as("half", "SELECT ON shop.*");
    const failure = await failureOf(DatabaseFailure, tool.check(connection, "dump", never));
    expect(failure.kind).toBe("NotAllowed");
    expect(failure.message).toMatch(/GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `shop`\.\* TO 'half'@'%';/);
  });

  it("a user who may make no databases beside the live one is told the statement that gives him the right", async () => {
    const connection = await as("narrow", "ALL PRIVILEGES ON shop.*");
    await tool.check(connection, "dump", never);
    const failure = await failureOf(DatabaseFailure, tool.check(connection, "load", never));
    expect(failure).toMatchObject({ kind: "NotAllowed", message: expect.stringMatching(/ON `lifeboat\\_%`\.\*/) });
    await server.query("", /GRANT .*;/.exec(failure.message)?.[0] ?? "");
    await tool.check(connection, "load", never);
  });

  it("a user without any right to the database does not learn whether it is there", async () => {
    const failure = await failureOf(DatabaseFailure, tool.check(await as("nobody_there"), "dump", never));
    expect(["DatabaseMissing", "NotAllowed"]).toContain(failure.kind);
  });

  it("another database's foreign key stands in the way of a restore", async () => {
    await server.query("", "CREATE DATABASE other");
    await server.query("other", "CREATE TABLE sold (good INT, FOREIGN KEY (good) REFERENCES shop.goods (id))");
    const failure = await failureOf(DatabaseFailure, tool.check(server.connection("shop"), "load", never));
    await server.query("", "DROP DATABASE other");
    expect(failure.message).toMatch(/other\.sold refers to/);
  });

  it("a replica that can be read only is no place for a restore", async () => {
    const failure = await failureOf(
      DatabaseFailure,
      tool.check({ ...server.connection("shop"), isReadOnly: true }, "load", never),
    );
    expect(failure.kind).toBe("NotAllowed");
  });

  it("columns whose values the server's dump rounds are named", async () => {
    await server.query("", "CREATE DATABASE rounded");
    await server.query("rounded", "CREATE TABLE t (a FLOAT, b DOUBLE, c FLOAT(7,3)); CREATE VIEW v AS SELECT a FROM t");
    const { weaker } = await tool.check(server.connection("rounded"), "dump", never);
    expect(weaker).toEqual([expect.stringMatching(/^t\.a, t\.c: FLOAT values come back as the six digits/)]);
    await server.query("", "DROP DATABASE rounded");
  });

  it("a view of what is gone does not stop the dump, and is named", async () => {
    await server.query("", "CREATE DATABASE views");
    await server.query("views", "CREATE TABLE a (id INT); CREATE VIEW broken AS SELECT * FROM a; DROP TABLE a");
    await server.query("views", "CREATE TABLE b (id INT) ENGINE = MyISAM");
    const connection = server.connection("views");
    const check = await tool.check(connection, "dump", never);
    expect(check.weaker.join("\n")).toMatch(/b: tables without transactions \(MyISAM\)[^]*broken: views/);
    const bytes = await read(tool.dump(connection, { scratch, signal: never }));
    expect(bytes.toString()).toContain("CREATE TABLE `b`");
    await tool.load(connection, { scratch, dump: once(bytes), signal: never });
    const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
    await tool.switchIn(connection, exchanged);
    const back = await tool.switchBack(connection, exchanged);
    expect(back.notes).toEqual([
      expect.stringMatching(/The view broken refers to.* VIEW `broken` AS select .*`id` from `a`/),
    ]);
    expect(await server.query("views", "SHOW TABLES")).toBe("b");
    await server.query("", "DROP DATABASE views");
  });

  const dumpText = (...lines: readonly string[]): AsyncIterable<Uint8Array> =>
    once(Buffer.from(["-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB", ...lines, "-- Dump completed", ""].join("\n")));

  it("views, routines, triggers and events whose definer is gone come back as they were", async () => {
    await server.query("", "CREATE USER gone@'%'; CREATE DATABASE orphans");
    await server.query(
      "orphans",
      `CREATE TABLE t (id INT); INSERT INTO t VALUES (1);
       CREATE DEFINER=gone@'%' FUNCTION f() RETURNS INT RETURN 5;
       CREATE DEFINER=gone@'%' VIEW v AS SELECT id, '\`orphans\`.\`t\`.\`id\`' AS said FROM t WHERE id < 7;
       CREATE VIEW plain AS SELECT orphans.id FROM t orphans;
       CREATE DEFINER=gone@'%' PROCEDURE p() SELECT 1; CREATE DEFINER=gone@'%' TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 3;
       CREATE DEFINER=gone@'%' EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM t`,
    );
    await server.query("", "DROP USER gone@'%'");
    const at = server.connection("orphans");
    const definers = () =>
      server.query(
        "",
        "SELECT TABLE_NAME, DEFINER, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'orphans' UNION SELECT ROUTINE_NAME, DEFINER, '' FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'orphans' UNION SELECT TRIGGER_NAME, DEFINER, '' FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'orphans' UNION SELECT EVENT_NAME, DEFINER, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'orphans' ORDER BY 1",
      );
    const before = await definers();
    expect(before.split("\n")).toHaveLength(6);
    expect((await tool.check(at, "dump", never)).weaker).toEqual([]);
    const bytes = await read(tool.dump(at, { scratch, signal: never }));
    const report = await tool.load(at, { scratch, dump: once(bytes), signal: never });
    expect(report.notes).toEqual([expect.stringMatching(/^5 .*nobody here is called.*gone@%/)]);
    const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
    expect((await tool.switchIn(at, exchanged)).notes).toEqual([]);
    expect(await definers()).toBe(before);
    expect((await tool.switchBack(at, exchanged)).notes).toEqual([]);
    expect(await definers()).toBe(before);
    expect(await server.query("orphans", "SELECT * FROM plain")).toBe("1");
    await server.query("", "DROP DATABASE orphans");
  });

  it("a view with a check option on a view that the dump names later comes back as it was", async () => {
    await server.query("", "CREATE DATABASE checks");
    await server.query(
      "checks",
      `CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW zz AS SELECT * FROM t WHERE id < 100 WITH LOCAL CHECK OPTION;
       CREATE VIEW mm AS SELECT * FROM zz WHERE id > 0 WITH CASCADED CHECK OPTION; CREATE VIEW aa AS SELECT * FROM mm`,
    );
    const at = server.connection("checks");
    const views = (database: string) =>
      server.query(
        "",
        `SELECT TABLE_NAME, CHECK_OPTION, REPLACE(VIEW_DEFINITION, '${database}', ''), DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '${database}' ORDER BY 1`,
      );
    const before = await views("checks");
    expect(before).toMatch(/^aa\tNONE[^]*mm\tCASCADED[^]*zz\tLOCAL/);
    const bytes = await read(tool.dump(at, { scratch, signal: never }));
    await tool.load(at, { scratch, dump: once(bytes), signal: never });
    expect(await views(scratch)).toBe(before);
    await tool.switchIn(at, { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true });
    expect(await views("checks")).toBe(before);
    await tool.switchBack(at, { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true });
    await server.query("", "DROP DATABASE checks");
  });

  it("a dump of another tool that chooses its database itself does not reach the live one", async () => {
    const socket = ["--no-defaults", `--socket=${join(server.folder, "s.sock")}`, "--user=root"];
    const bytes = execFileSync("mariadb-dump", [...socket, "--databases", "shop"], { maxBuffer: 2 ** 26 });
    expect(bytes.toString("latin1")).toMatch(/^USE `shop`;\n[^]*DROP TABLE IF EXISTS `goods`/m);
    await server.query("shop", "INSERT INTO goods VALUES (5000, 'since')");
    const work = tool.load(server.connection("shop"), { scratch, dump: once(bytes), signal: never });
    const failure = await failureOf(DatabaseFailure, work);
    expect(failure).toMatchObject({ kind: "DumpDamaged", message: expect.stringMatching(/chooses its database/) });
    expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("801");
    await server.query("shop", "DELETE FROM goods WHERE id = 5000");
    await tool.drop(server.connection("shop"), scratch);
  });

  it.each(["\\! touch FILE", "system touch FILE", "tee FILE", "pager touch FILE", "source FILE", "\\T FILE"])(
    "%s in a dump does nothing on the machine of Lifeboat",
    async (command) => {
      const folder = mkdtempSync(join(tmpdir(), "lifeboat-hostile-"));
      try {
        const file = join(folder, "made");
        const hostile = dumpText(command.replace("FILE", file), "SELECT 1;");
        const work = tool.load(server.connection("shop"), { scratch, dump: hostile, signal: never });
        expect((await failureOf(DatabaseFailure, work)).kind).toMatch(/DumpDamaged|ToolFailed/);
        expect(readdirSync(folder)).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
      await tool.drop(server.connection("shop"), scratch);
    },
  );

  it("a file of Lifeboat's machine cannot be read into a table by a dump", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-hostile-"));
    try {
      const file = join(folder, "secret");
      writeFileSync(file, "planted");
      const lines = ["CREATE TABLE t (x TEXT);", `LOAD DATA LOCAL INFILE '${file}' INTO TABLE t;`];
      const work = tool.load(server.connection("shop"), { scratch, dump: dumpText(...lines), signal: never });
      await failureOf(DatabaseFailure, work);
      expect(await server.query(scratch, "SELECT COUNT(*) FROM t")).toBe("0");
    } finally {
      rmSync(folder, { recursive: true });
    }
    await tool.drop(server.connection("shop"), scratch);
  });

  it("a user with rights on his own databases alone cannot be made to reach others by a dump", async () => {
    await server.query("", "CREATE DATABASE IF NOT EXISTS others; CREATE TABLE IF NOT EXISTS others.t (id INT)");
    const connection = await as("modest", "ALL PRIVILEGES ON shop.*", "ALL PRIVILEGES ON `lifeboat\\_%`.*");
    const before = await server.query("", "SELECT COUNT(*) FROM mysql.user");
    for (const statement of [
      "DROP TABLE others.t;",
      "/*!50000 DROP DATABASE others */;",
      "GRANT ALL ON *.* TO modest@'%';",
      "CREATE USER evil IDENTIFIED BY 'x';",
      "SELECT 1 INTO OUTFILE '/tmp/lifeboat-hostile';",
      "SET GLOBAL general_log = ON;",
      "CREATE DEFINER=`root`@`localhost` PROCEDURE `p`() DROP TABLE others.t;\nCALL p();",
    ]) {
      const work = tool.load(connection, { scratch, dump: dumpText(statement), signal: never });
      expect((await failureOf(DatabaseFailure, work)).message, statement).toMatch(/denied|not allowed/i);
    }
    expect(await server.query("others", "SELECT COUNT(*) FROM t")).toBe("0");
    expect(await server.query("", "SELECT COUNT(*) FROM mysql.user")).toBe(before);
    await tool.drop(connection, scratch);
    await server.query("", "DROP DATABASE others");
  });

  it("a user with what docs/databases.md names, and nothing more, restores and takes it back", async () => {
    const text = readFileSync("docs/databases.md", "utf8");
    const rights = /Restoring needs `(SELECT, [A-Z, ]+)`/.exec(text)?.[1] ?? "";
    const connection = await as("exact", `${rights} ON shop.*`, `${rights} ON \`lifeboat\\_%\`.*`);
    await tool.check(connection, "load", never);
    const dump = dumpText("CREATE TABLE t (id INT);", "INSERT INTO t VALUES (7);");
    await tool.load(connection, { scratch, dump, signal: never });
    const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
    await tool.switchIn(connection, exchanged);
    expect(await server.query("shop", "SELECT id FROM t")).toBe("7");
    await tool.switchBack(connection, exchanged);
    expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("800");
    for (const name of [scratch, exchanged.kept]) await tool.drop(connection, name);
  });

  it("what a database's own objects need for a restore is told when it is backed up", async () => {
    const replicated = await startMariadb({ settings: ["--log-bin", "--server-id=1"] });
    try {
      await replicated.query("", "CREATE DATABASE shop; CREATE USER plain@'%' IDENTIFIED BY 'planted-word'");
      const rights = "SELECT, INSERT, UPDATE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, TRIGGER, EVENT";
      const grant = (what: string): Promise<string> =>
        replicated.query("", `GRANT ${what} ON shop.* TO plain@'%'; GRANT ${what} ON \`lifeboat\\_%\`.* TO plain@'%'`);
      await grant(`${rights}, EXECUTE, SHOW VIEW`);
      await replicated.query("", "GRANT SELECT ON mysql.proc TO plain@'%'");
      await replicated.query("shop", "CREATE TABLE goods (id INT); CREATE VIEW seen AS SELECT * FROM goods");
      const plain = { ...replicated.connection("shop"), user: "plain", password: new Secret("planted-word") };
      const lacks = async (): Promise<readonly string[]> => (await checkForBackup(tool, plain, never)).weaker;
      expect(await lacks()).toEqual([]);
      await replicated.query("shop", "CREATE PROCEDURE restock() UPDATE goods SET id = id + 1");
      expect(await lacks()).toEqual([
        expect.stringMatching(/a restore would be refused: .*GRANT CREATE ROUTINE, ALTER/),
      ]);
      await grant("CREATE ROUTINE, ALTER ROUTINE");
      expect(await lacks()).toEqual([]);
      const restore = async (): Promise<void> => {
        const dump = await read(tool.dump(plain, { scratch, signal: never }));
        await tool.load(plain, { scratch, dump: once(dump), signal: never });
        const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
        await tool.switchIn(plain, exchanged);
        await tool.switchBack(plain, exchanged);
      };
      await restore();
      await replicated.query("shop", "CREATE TRIGGER noted BEFORE INSERT ON goods FOR EACH ROW SET NEW.id = 1");
      expect(await lacks()).toEqual([expect.stringMatching(/a restore would be refused: .*log_bin_trust_function/)]);
      await expect(restore()).rejects.toThrow(/1419.*SET GLOBAL log_bin_trust/);
      expect(await lacks()).toHaveLength(1);
      // SUPER is enough for functions that say what they do, and for no other: one of a time when the server did not log.
      await replicated.query("", "GRANT SUPER ON *.* TO plain@'%'");
      expect(await lacks()).toEqual([]);
      await restore();
      await replicated.query(
        "shop",
        "SET GLOBAL log_bin_trust_function_creators = 1; CREATE FUNCTION five() RETURNS INT RETURN 5; CREATE FUNCTION six() RETURNS INT NO SQL RETURN 6; SET GLOBAL log_bin_trust_function_creators = 0",
      );
      expect(await lacks()).toEqual([
        expect.stringMatching(/a restore would be refused: .*nobody make functions.* has: five\. .*ALTER FUNCTION/),
      ]);
      await expect(restore()).rejects.toThrow(/1418.*SET GLOBAL log_bin_trust/);
      await replicated.query("shop", "ALTER FUNCTION five READS SQL DATA");
      expect(await lacks()).toEqual([]);
      await restore();
      expect((await checkForBackup(tool, { ...plain, isReadOnly: true }, never)).weaker).toEqual([]);
    } finally {
      await replicated.stop();
    }
  });

  it("an event that another tool wrote in other words sleeps until its database is live", async () => {
    const event = "create event Odd on schedule every 1 hour starts '2037-01-01 00:00:00' do delete from t;";
    const dump = dumpText("CREATE TABLE t (id INT);", event);
    await tool.load(server.connection("shop"), { scratch, dump, signal: never });
    const status = "SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_NAME = 'Odd' AND EVENT_SCHEMA = ";
    expect(await server.query("", `${status}'${scratch}'`)).toBe("DISABLED");
    const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
    await tool.switchIn(server.connection("shop"), exchanged);
    expect(await server.query("", `${status}'shop'`)).toBe("ENABLED");
    await tool.switchBack(server.connection("shop"), exchanged);
    expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("800");
  });

  it("rows that cannot be loaded are not repeated in the message", async () => {
    const bytes = await read(tool.dump(server.connection("shop"), { scratch, signal: never }));
    const damaged = bytes.toString("latin1").replace("'),", "' oops),");
    const work = tool.load(server.connection("shop"), {
      scratch,
      dump: once(Buffer.from(damaged, "latin1")),
      signal: never,
    });
    const failure = await failureOf(DatabaseFailure, work);
    expect(failure).toMatchObject({ kind: "DumpDamaged", message: expect.stringMatching(/ERROR 1064/) });
    expect(failure.message).not.toMatch(/[0-9a-f]{32}/);
    await tool.drop(server.connection("shop"), scratch);
  });

  it("a server that goes away, or takes no more changes, in the middle of a load is named, and a drop takes the rest", async () => {
    const connection = await as("laborer", "ALL PRIVILEGES ON shop.*", "ALL PRIVILEGES ON `lifeboat\\_%`.*");
    const bytes = await read(tool.dump(connection, { scratch, signal: never }));
    // A load that its server left ends before the server is back.
    let trouble: Promise<unknown> = Promise.resolve();
    const failing = async function* (happens: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, bytes.length / 2);
      await (trouble = happens());
      yield bytes.subarray(bytes.length / 2);
    };
    const troubles = [
      { happens: () => server.kill().then(server.start), kind: "Unreachable", message: /whether the server is up/ },
      { happens: () => server.query("", "SET GLOBAL read_only = 1"), kind: "NotAllowed", message: /no changes now/ },
    ];
    for (const { happens, kind, message } of troubles) {
      const work = tool.load(connection, { scratch, dump: failing(happens), signal: never });
      const failure = await failureOf(DatabaseFailure, work);
      expect(failure).toMatchObject({ kind, message: expect.stringMatching(message) as string });
      await trouble;
      await server.query("", "SET GLOBAL read_only = 0");
      await tool.drop(connection, scratch);
      expect(await tool.listOwn(connection)).toEqual([]);
      expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("800");
    }
  });

  it("a server that goes away in the middle of a dump ends it with an error", { timeout: 120_000 }, async () => {
    const work = read(tool.dump(server.connection("shop"), { scratch, signal: never }), server.kill);
    expect((await failureOf(DatabaseFailure, work)).kind).toBe("Unreachable");
    await server.start();
    expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("800");
  });
});

describeWith("mount", hasMariadb && canMount, "MariaDB on a small disk", () => {
  it("ends a load that fills it and says so, and the live database is as it was", { timeout: 120_000 }, async () => {
    const disk = smallDisk(256);
    try {
      const server = await startMariadb({ below: disk.folder });
      try {
        await server.query("", "CREATE DATABASE shop");
        await server.query("shop", "CREATE TABLE goods (id INT PRIMARY KEY, name LONGTEXT)");
        await server.query("shop", "INSERT INTO goods SELECT seq, REPEAT(MD5(seq), 300) FROM seq_1_to_800");
        const bytes = await read(tool.dump(server.connection("shop"), { scratch, signal: never }));
        disk.fill(3 * 2 ** 20);
        const work = tool.load(server.connection("shop"), { scratch, dump: once(bytes), signal: never });
        // Which of the two depends on where MariaDB's bulk load was when the room ended.
        expect((await failureOf(DatabaseFailure, work)).message).toMatch(/Free space|no room on the server's disk/);
        disk.empty();
        await tool.drop(server.connection("shop"), scratch);
        expect(await server.query("shop", "SELECT COUNT(*) FROM goods")).toBe("800");
        expect(await tool.listOwn(server.connection("shop"))).toEqual([]);
      } finally {
        await server.stop();
      }
    } finally {
      disk.remove();
    }
  });
});

const certificates = (folder: string) => {
  chmodSync(folder, 0o755);
  const at = (name: string): string => join(folder, name);
  const make = (name: string, subject: string, ...more: readonly string[]): void =>
    void execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"].concat([
        "-keyout",
        at(`${name}-key.pem`),
        "-out",
        at(`${name}.pem`),
        "-subj",
        `/CN=${subject}`,
        ...more,
      ]),
      { stdio: "ignore" },
    );
  make("ca", "ca");
  make("other", "other");
  make(
    "server",
    "localhost",
    "-CA",
    at("ca.pem"),
    "-CAkey",
    at("ca-key.pem"),
    "-addext",
    "subjectAltName=DNS:localhost",
  );
  for (const name of ["ca", "other", "server"]) chmodSync(at(`${name}-key.pem`), 0o644);
  return at;
};

describeWith("mariadb", hasMariadb, "a server that forces TLS", () => {
  let server: MariadbServer;
  let folder: string;
  let at: (name: string) => string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-tls-"));
    at = certificates(folder);
    server = await startMariadb({ tls: { certFile: at("server.pem"), keyFile: at("server-key.pem") } });
    await server.query("", "CREATE DATABASE shop");
    await server.query("shop", "CREATE TABLE goods (id INT PRIMARY KEY)");
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const by = (tls: DatabaseConnection["tls"], host = "localhost"): DatabaseConnection => ({
    ...server.connection("shop"),
    host,
    tls,
  });

  describe("lets in", () => {
    it.each([{}, { mode: "disable" }, { mode: "prefer" }, { mode: "require" }] as const)(
      "a connection string that asks for %j",
      async (tls) => {
        expect((await tool.check(by(tls), "dump", never)).content).toBe("present");
      },
    );

    it("one that checks the server's name and authority", async () => {
      const connection = by({ mode: "verify-full", caFile: at("ca.pem") });
      expect((await tool.check(connection, "dump", never)).content).toBe("present");
      const bytes = await read(tool.dump(connection, { scratch, signal: never }));
      await tool.load(connection, { scratch, dump: once(bytes), signal: never });
      await tool.drop(connection, scratch);
    });
  });

  it.each([
    ["an authority that did not sign it", { mode: "verify-full", caFile: "other.pem" }, "localhost"],
    ["the system's authorities", { mode: "verify-full" }, "localhost"],
    ["a name that it does not have", { mode: "verify-full", caFile: "ca.pem" }, "127.0.0.1"],
  ] as const)("is not believed by %s", async (_, { mode, ...rest }, host) => {
    const tls = "caFile" in rest ? { mode, caFile: at(rest.caFile) } : { mode };
    expect((await failureOf(DatabaseFailure, tool.check(by(tls, host), "dump", never))).kind).toBe("TlsRefused");
  });
});
