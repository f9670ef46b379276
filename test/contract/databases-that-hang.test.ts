import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { postgresTool } from "../../src/adapters/databases/postgresql/postgres-tool.ts";
import {
  DatabaseFailure,
  keptDatabaseName,
  scratchDatabaseName,
  type DatabaseConnection,
} from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { DatabaseTool } from "../../src/ports/database-tool.ts";
import { failureOf } from "../support/failure-of.ts";
import { hasMariadb, startMariadb } from "../support/mariadb-server.ts";
import { everyStatement } from "../support/long-runs.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres } from "../support/postgres-server.ts";
import { standingProxy, type StandingProxy } from "../support/standing-proxy.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const exchanged = { scratch, kept: keptDatabaseName("feedfeedfeedfeed"), replaces: true };
const never = new AbortController().signal;
const findTool = findToolIn(postgresPrograms === undefined ? [] : [postgresPrograms]);
const token = () => Promise.resolve(new Secret("none"));
/** For servers that do hang: a slow machine's may seem to. */
const impatient = { findTool, token, patienceMs: 400 };
const patient = { findTool, token };

interface Server {
  readonly port: number;
  connection(database: string): DatabaseConnection;
  query(database: string, sql: string): Promise<string>;
  stop(): Promise<void>;
}

interface Subject {
  readonly title: "mariadb" | "postgresql";
  readonly isHere: boolean;
  readonly tool: DatabaseTool;
  readonly hasty: DatabaseTool;
  readonly start: () => Promise<Server>;
  readonly fill: string;
}

const subjects: readonly Subject[] = [
  {
    title: "mariadb",
    isHere: hasMariadb,
    tool: mysqlTool(patient),
    hasty: mysqlTool(impatient),
    start: startMariadb,
    fill: "CREATE TABLE goods (id INT PRIMARY KEY, name LONGTEXT); INSERT INTO goods SELECT seq, REPEAT(MD5(seq), 300) FROM seq_1_to_800",
  },
  {
    title: "postgresql",
    isHere: postgresPrograms !== undefined,
    tool: postgresTool(patient),
    hasty: postgresTool(impatient),
    start: startPostgres,
    fill: "CREATE TABLE goods AS SELECT id, repeat(md5(id::text), 300) name FROM generate_series(1, 800) id",
  },
];

const read = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

for (const { title, isHere, tool, hasty, start, fill } of subjects)
  describeWith(title, isHere, `${title}, whose server hangs`, () => {
    let server: Server;
    let proxy: StandingProxy;
    let at: DatabaseConnection;
    beforeAll(async () => {
      server = await start();
      proxy = await standingProxy(server.port);
      await server.query("", "CREATE DATABASE shop");
      await server.query("shop", fill);
    }, 120_000);
    afterAll(async () => {
      await proxy.stop();
      await server.stop();
    });
    beforeEach(() => {
      proxy.goOn();
      at = { ...server.connection("shop"), port: proxy.port };
    });
    const goods = () => server.query("shop", "SELECT COUNT(*), MAX(LENGTH(name)) FROM goods");
    const silent = { kind: "Unreachable", message: expect.stringMatching(/has not answered/) as string };

    const bytesOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = proxy.passed();
      await work();
      return proxy.passed() - before;
    };

    it("is not waited for by a check, whenever it begins to hang", async () => {
      const bytes = await bytesOf(() => tool.check(at, "dump", never));
      for (const part of [0, 0.5]) {
        proxy.standAfter(bytes * part);
        expect(await failureOf(DatabaseFailure, hasty.check(at, "dump", never))).toMatchObject(silent);
        proxy.goOn();
      }
    });

    it.runIf(title === "mariadb" || everyStatement)("ends a dump with an error, and not with half of it", async () => {
      const bytes = await bytesOf(() => read(tool.dump(at, { scratch, signal: never })));
      proxy.standAfter(bytes / 2);
      expect(await failureOf(DatabaseFailure, read(hasty.dump(at, { scratch, signal: never })))).toMatchObject(silent);
    });

    it("ends a load, whose rest a drop takes once it answers again", async () => {
      const bytes = await read(tool.dump(at, { scratch, signal: never }));
      const standing = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, bytes.length / 2);
        proxy.standAfter(0);
        yield bytes.subarray(bytes.length / 2);
      };
      const work = hasty.load(at, { scratch, dump: standing(), signal: never });
      expect(await failureOf(DatabaseFailure, work)).toMatchObject(silent);
      proxy.goOn();
      await tool.drop(at, scratch);
      expect(await tool.listOwn(at)).toEqual([]);
    });

    it("ends an exchange and its way back, both of which are done when it answers again", async () => {
      const before = await goods();
      const bytes = await read(tool.dump(at, { scratch, signal: never }));
      await server.query("shop", "DELETE FROM goods WHERE id > 10");
      const changed = await goods();
      const load = () => tool.load(at, { scratch, dump: once(bytes), signal: never });
      await load();
      const there = await bytesOf(() => tool.switchIn(at, exchanged));
      const back = await bytesOf(() => tool.switchBack(at, exchanged));
      await load();
      proxy.standAfter(there * 0.6);
      expect(await failureOf(DatabaseFailure, hasty.switchIn(at, exchanged))).toMatchObject(silent);
      proxy.goOn();
      await tool.switchIn(at, exchanged);
      expect(await goods()).toBe(before);
      proxy.standAfter(back * 0.6);
      expect(await failureOf(DatabaseFailure, hasty.switchBack(at, exchanged))).toMatchObject(silent);
      proxy.goOn();
      await tool.switchBack(at, exchanged);
      expect(await goods()).toBe(changed);
      expect(await tool.listOwn(at)).toEqual([]);
    });
  });

describeWith("mariadb", hasMariadb, "MariaDB, of which others hold a table locked", () => {
  it("does not keep a dump or an exchange waiting, and is as before when that is taken back", async () => {
    const server = await startMariadb();
    try {
      await server.query(
        "",
        "CREATE DATABASE shop; CREATE TABLE shop.goods (id INT); INSERT INTO shop.goods VALUES (7)",
      );
      await server.query(
        "shop",
        "CREATE VIEW seen AS SELECT id FROM goods; CREATE TRIGGER noted BEFORE INSERT ON goods FOR EACH ROW SET NEW.id = 1",
      );
      const at = server.connection("shop");
      const tool = mysqlTool({ findTool, token, patienceMs: 8_000 });
      const bytes = await read(tool.dump(at, { scratch, signal: never }));
      await tool.load(at, { scratch, dump: once(bytes), signal: never });
      // Of no database, so that nobody ends it for the exchange.
      const lock = server.query("", "LOCK TABLES shop.goods WRITE; SELECT SLEEP(1000)").catch(() => undefined);
      const holder = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(1000)'";
      await vi.waitFor(async () => expect(await server.query("", holder)).not.toBe(""), { timeout: 60_000 });
      expect(await failureOf(DatabaseFailure, tool.switchIn(at, exchanged))).toMatchObject({ kind: "Busy" });
      expect(await failureOf(DatabaseFailure, read(tool.dump(at, { scratch, signal: never })))).toMatchObject({
        kind: "Busy",
        message: expect.stringMatching(/waited 8 seconds for a table.*goods/) as string,
      });
      await server.query("", `KILL ${await server.query("", holder)}`);
      await lock;
      await tool.switchBack(at, exchanged);
      expect(await server.query("shop", "INSERT INTO goods VALUES (5); SELECT * FROM seen")).toBe("7\n1");
      expect(await tool.listOwn(at)).toEqual([]);
    } finally {
      await server.stop();
    }
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
