import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { postgresTool } from "../../src/adapters/databases/postgresql/postgres-tool.ts";
import {
  DatabaseFailure,
  keptDatabaseName,
  scratchDatabaseName,
  type DatabaseConnection,
} from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { failureOf } from "../support/failure-of.ts";
import { databaseRows } from "../support/long-runs.ts";
import { canMount, smallDisk } from "../support/small-disk.ts";
import { describeWith } from "../support/needs.ts";
import { postgresSchema, postgresRows } from "../support/postgres-schema.ts";
import { postgresPrograms, startPostgres, superuser, type PostgresServer } from "../support/postgres-server.ts";
import { databaseToolContract, type DatabaseSubject } from "./database-tool-contract.ts";

const tool = postgresTool({
  findTool: findToolIn([postgresPrograms ?? ""]),
  token: async (scope) => new Secret(`token for ${scope}`),
});
const never = new AbortController().signal;
const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const kept = keptDatabaseName("feedfeedfeedfeed");

describeWith("postgresql", postgresPrograms !== undefined, "PostgreSQL", () => {
  databaseToolContract("PostgreSQL", async () => subject(await startPostgres()));

  describe("a database with everything", () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
      await server.query("", "CREATE ROLE clerk; CREATE ROLE owner; GRANT owner TO postgres");
      await server.query("", `CREATE DATABASE "Läden" OWNER owner`);
      await server.query("", `ALTER DATABASE "Läden" SET search_path TO "$user", shop, public`);
      await server.query(
        "",
        `REVOKE CONNECT ON DATABASE "Läden" FROM PUBLIC; GRANT CONNECT ON DATABASE "Läden" TO clerk`,
      );
      await server.query("Läden", postgresSchema);
      await server.query("Läden", postgresRows(databaseRows));
    }, 300_000);
    afterAll(() => server.stop());

    it("comes back with every row, object, owner, right and setting", { timeout: 600_000 }, async () => {
      const at = server.connection("Läden");
      expect((await tool.check(at, "dump", never)).content).toBe("present");
      const before = await everythingIn(server, "Läden");
      const { notes } = await tool.load(at, {
        scratch,
        dump: tool.dump(at, { scratch, signal: never }),
        signal: never,
      });
      expect(notes).toEqual([]);
      await tool.switchIn(at, { scratch, kept, replaces: true });
      expect(await everythingIn(server, "Läden")).toEqual(before);
      expect(await server.query("Läden", "SELECT encode(lo_get(4711), 'hex')")).toBe("deadbeef00ff");
      expect(
        await server.query("Läden", "INSERT INTO shop.goods (name) VALUES ('next') RETURNING id > 1000"),
      ).toContain("t");
      await tool.switchBack(at, { scratch, kept, replaces: true });
      expect(await everythingIn(server, "Läden")).toEqual(before);
    });

    it("comes back with functions that count on the search path, and with a setting that forbids changes", async () => {
      await server.query("", "CREATE DATABASE paths");
      for (const sql of [
        "CREATE SCHEMA aside; CREATE TABLE aside.rates (rate int); INSERT INTO aside.rates VALUES (3)",
        `ALTER DATABASE paths SET search_path TO "$user", public, aside`,
      ])
        await server.query("paths", sql);
      await server.query(
        "paths",
        `CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
         CREATE FUNCTION plainly(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plain($1)';
         CREATE FUNCTION rated(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * max(rate) FROM rates';
         CREATE TABLE words (word text CHECK (plainly(word) <> 'no'), plain text GENERATED ALWAYS AS (plainly(word)) STORED);
         INSERT INTO words VALUES ('ABC');
         CREATE INDEX by_plain ON words (plainly(word));
         CREATE INDEX by_rate ON words (rated(length(word)));
         CREATE MATERIALIZED VIEW counted AS SELECT rated(2) AS n`,
      );
      await server.query(
        "paths",
        `CREATE FUNCTION known(n int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM rates WHERE rate >= n)';
         CREATE TABLE uses (n int CONSTRAINT is_known CHECK (known(n))); CREATE TABLE plays (n int);
         ALTER TABLE plays ADD CONSTRAINT is_late CHECK (known(n)) NOT VALID`,
      );
      await server.query("paths", "ALTER DATABASE paths SET default_transaction_read_only TO on");
      const at = server.connection("paths");
      expect((await tool.check(at, "dump", never)).weaker).toEqual([expect.stringMatching(/^is_known of uses: CHECK/)]);
      const before = await everythingIn(server, "paths");
      const dump: Uint8Array[] = [];
      for await (const piece of tool.dump(at, { scratch, signal: never })) dump.push(piece);
      for (const replaces of [true, false]) {
        if (!replaces) await server.query("", "DROP DATABASE paths");
        await tool.load(at, { scratch, dump: pieces(dump), signal: never });
        await tool.switchIn(at, { scratch, kept, replaces });
        expect(await everythingIn(server, "paths")).toEqual(before);
        expect(await server.query("paths", "SELECT plain, n FROM words, counted; SHOW transaction_read_only")).toBe(
          "abc|6\non",
        );
        if (replaces) await tool.switchBack(at, { scratch, kept, replaces });
      }
      await server.query("", "DROP DATABASE paths");
    });

    it("names functions that count on a path that only the application sets, and comes back once the database has it", async () => {
      await server.query("", "CREATE DATABASE astray");
      const looks = [1, 2, 3, 4, 5].map(
        (one) =>
          `CREATE FUNCTION looks${one}(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lower(t) || 'a'::"Kind.s"; END $$`,
      );
      await server.query(
        "astray",
        `CREATE SCHEMA app; SET search_path = app; CREATE TYPE "Kind.s" AS ENUM ('a'); CREATE TABLE fine (n int); ${looks.join(";")};
         CREATE FUNCTION named(n int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true OR EXISTS (SELECT 1 FROM app.fine)';
         CREATE FUNCTION own(n int) RETURNS bool LANGUAGE sql IMMUTABLE SET search_path = app AS 'SELECT true OR EXISTS (SELECT 1 FROM fine)';
         CREATE TABLE others (n int CHECK (named(n) AND own(n))); INSERT INTO others VALUES (1);
         CREATE DOMAIN d AS text CHECK (looks2(value) <> 'x');
         CREATE TABLE t (w text CHECK (looks1(w) <> 'x'), d d, g text GENERATED ALWAYS AS (looks3(w)) STORED); INSERT INTO t VALUES ('a secret');
         CREATE INDEX i ON t (looks4(w)); CREATE MATERIALIZED VIEW m AS SELECT looks5('A')`,
      );
      const at = server.connection("astray");
      const weaker = async (): Promise<readonly string[]> => (await tool.check(at, "dump", never)).weaker;
      const found = [1, 2, 3, 4, 5].map((one) => `app.looks${one}(text)`).join(", ");
      expect(await weaker()).toEqual([expect.stringContaining(`${found}: functions`)]);
      const load = () => tool.load(at, { scratch, dump: tool.dump(at, { scratch, signal: never }), signal: never });
      const failure = await load().catch(String);
      expect(failure).toMatch(
        /type "Kind\.s" does not exist, in \S+ function app\.looks.*ALTER DATABASE .* search_path/s,
      );
      expect(failure).not.toContain("secret");
      await server.query("", "ALTER DATABASE astray SET search_path = app");
      expect(await weaker()).toEqual([]);
      expect(await load()).toEqual({ notes: [] });
      await tool.drop(at, scratch);
      await server.query("", "DROP DATABASE astray");
    });

    it("is one moment, though others keep writing while it is dumped", { timeout: 600_000 }, async () => {
      const at = server.connection("Läden");
      const stop = new AbortController();
      const writers = [1, 2, 3].map((seed) => transfer(server, "Läden", seed, stop.signal));
      try {
        for (const _ of [1, 2, 3]) {
          const dump = tool.dump(at, { scratch, signal: never });
          await tool.load(at, { scratch, dump, signal: never });
          const sums = await server.query(
            scratch,
            "SELECT sum(balance), (SELECT count(*) FROM shop.transfers) > 0 FROM shop.accounts",
          );
          expect(sums).toBe("100000|t");
          expect(await server.query(scratch, "SELECT count(*) FROM shop.transfers t WHERE NOT t.settled")).toBe("0");
        }
      } finally {
        stop.abort();
      }
      expect((await Promise.all(writers)).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3);
      await tool.drop(at, scratch);
    });

    it("goes on without owners and rights of roles that the server does not know, and says so", async () => {
      const at = server.connection("Läden");
      const dump: Uint8Array[] = [];
      for await (const piece of tool.dump(at, { scratch, signal: never })) dump.push(piece);
      const elsewhere = await startPostgres();
      try {
        const there = elsewhere.connection("Läden");
        expect((await tool.check(there, "load", never)).content).toBe("missing");
        const { notes } = await tool.load(there, { scratch, dump: pieces(dump), signal: never });
        expect(notes.join(" ")).toMatch(/Roles unknown here: .*(clerk|owner)/);
        const count = "SELECT count(*) FROM shop.goods";
        expect(await elsewhere.query(scratch, count)).toBe(await server.query("Läden", count));
      } finally {
        await elsewhere.stop();
      }
    });

    it("has what was set and granted for the database itself, also where there was none before", async () => {
      const own = async (name: string): Promise<string> =>
        server.query(
          "",
          `SELECT datconnlimit, shobj_description(oid, 'pg_database'), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a), (SELECT json_agg(json_build_array(setrole::regrole, setconfig)
           ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '${name}'`,
        );
      await server.query("", `CREATE DATABASE "pröps" CONNECTION LIMIT 17`);
      for (const sql of [
        `ALTER DATABASE "pröps" SET search_path TO "$user", shop, public`,
        `ALTER DATABASE "pröps" SET "my.thing" TO 'it''s; "ß"'`,
        `ALTER DATABASE "pröps" SET synchronous_commit TO local`,
        `ALTER ROLE clerk IN DATABASE "pröps" SET statement_timeout TO '5s'`,
        `REVOKE CONNECT ON DATABASE "pröps" FROM PUBLIC; GRANT CREATE ON DATABASE "pröps" TO clerk WITH GRANT OPTION`,
        `COMMENT ON DATABASE "pröps" IS '"Größe"; it''s \\ here:\nALTER DATABASE "pröps" CONNECTION LIMIT = 3;\n'`,
      ])
        await server.query("", sql);
      await server.query(
        "pröps",
        `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ ${"SELECT 1;\n"} GRANT CREATE ON DATABASE "pröps" TO owner; $$;
         CREATE MATERIALIZED VIEW waits AS SELECT current_setting('synchronous_commit')`,
      );
      const before = await own("pröps");
      const dump: Uint8Array[] = [];
      for await (const piece of tool.dump(server.connection("pröps"), { scratch, signal: never })) dump.push(piece);
      // Onto the live database, and where there is none.
      for (const name of ["pröps", "anew"]) {
        const at = server.connection(name);
        expect((await tool.load(at, { scratch, dump: pieces(dump), signal: never })).notes).toEqual([]);
        expect(await own(scratch)).toBe(before);
        expect(await server.query(scratch, "SELECT * FROM waits")).toBe("off");
        await tool.drop(at, scratch);
      }
      await server.query("", `DROP DATABASE "pröps"`);
    });

    it("has its comment where there was none before, also when it is dumped and restored once more", async () => {
      const at = server.connection("said");
      const comment = (name: string): Promise<string> =>
        server.query("", `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${name}'`);
      await server.query("", "CREATE DATABASE said; COMMENT ON DATABASE said IS E'one\\ntwo'");
      for (const _ of [1, 2]) {
        const dump: Uint8Array[] = [];
        for await (const piece of tool.dump(at, { scratch, signal: never })) dump.push(piece);
        await server.query("", "DROP DATABASE said");
        await tool.load(at, { scratch, dump: pieces(dump), signal: never });
        expect(await comment(scratch)).toBe("one\ntwo");
        await tool.switchIn(at, { scratch, kept, replaces: false });
        expect(await comment("said")).toBe(`one\ntwo\nMade by Lifeboat's restore ${kept}`);
      }
      await tool.switchBack(at, { scratch, kept: keptDatabaseName("another"), replaces: false });
      expect(await comment("said")).toContain("one");
      await tool.switchBack(at, { scratch, kept, replaces: false });
      expect(await comment("said")).toBe("");
    });

    it("is refused to a user who may not read all of it, by the table's name", async () => {
      await server.query("", "CREATE ROLE reader LOGIN PASSWORD 'reads'; GRANT clerk TO reader");
      const reader: DatabaseConnection = {
        ...server.connection("Läden"),
        user: "reader",
        password: new Secret("reads"),
      };
      await expect(tool.check(reader, "dump", never)).rejects.toThrow(/may not read .*shop\./);
      await server.query("", "GRANT pg_read_all_data TO reader");
      await expect(tool.check(reader, "dump", never)).rejects.toThrow(/Row-level security hides rows of shop\.secrets/);
    });

    it("is exchanged by a user once the statements that the refusals name were run", async () => {
      await server.query("", `CREATE ROLE "Der Leser" LOGIN PASSWORD 'reads'; GRANT clerk TO "Der Leser"`);
      const reader = { ...server.connection("Läden"), user: "Der Leser", password: new Secret("reads") };
      for (const reason of [/may not make databases/, /does not own the database/]) {
        const { message } = await failureOf(DatabaseFailure, tool.check(reader, "load", never));
        expect(message).toMatch(reason);
        await server.query("", /ALTER .*;/.exec(message)?.[0] ?? "");
      }
      await tool.check(reader, "load", never);
      await server.query("", `ALTER DATABASE "Läden" OWNER TO owner`);
    });
  });

  describe("a server that lets nobody in without TLS", () => {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-pg-tls-"));
    let server: PostgresServer;
    beforeAll(async () => {
      const files = { key: join(folder, "key"), certificate: join(folder, "ca.pem") };
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
      const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files.key, "-out", files.certificate];
      await promisify(execFile)("openssl", [...made, ...subject]);
      const read = (file: string): string => readFileSync(file, "utf8");
      server = await startPostgres({ tls: { certificate: read(files.certificate), key: read(files.key) } });
      await server.query("", "CREATE DATABASE shop");
    }, 120_000);
    afterAll(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const check = (tls: DatabaseConnection["tls"], host = "localhost") =>
      tool.check({ ...server.connection("shop"), host, tls }, "dump", never);

    it("is reached by a string that asks for no TLS, for some, and for all of it", async () => {
      const caFile = join(folder, "ca.pem");
      for (const tls of [{}, { mode: "disable" }, { mode: "prefer" }, { mode: "require" }] as const)
        expect((await check(tls)).content).toBe("empty");
      expect((await check({ mode: "verify-full", caFile })).content).toBe("empty");
      expect((await check({ mode: "verify-ca", caFile }, "127.0.0.1")).content).toBe("empty");
    });

    it("is refused where its certificate is not trusted, or is another host's", async () => {
      const caFile = join(folder, "ca.pem");
      await expect(check({ mode: "verify-full" })).rejects.toMatchObject({ kind: "TlsRefused" });
      await expect(check({ mode: "verify-full", caFile }, "127.0.0.1")).rejects.toMatchObject({ kind: "TlsRefused" });
    });

    it("takes a token of Entra ID in the place of a password", async () => {
      const token = "token for https://ossrdbms-aad.database.windows.net/.default";
      await server.query("", `CREATE ROLE "app@tenant" LOGIN PASSWORD '${token}'`);
      const { password: _, ...at } = server.connection("shop");
      const passwordless: DatabaseConnection = { ...at, user: "app@tenant", signIn: "token" };
      expect((await tool.check(passwordless, "dump", never)).content).toBe("empty");
      const nobody = postgresTool({
        findTool: findToolIn([postgresPrograms ?? ""]),
        token: () => Promise.reject(new Error("no")),
      });
      await expect(nobody.check(passwordless, "dump", never)).rejects.toMatchObject({
        kind: "LoginRefused",
        message: expect.stringContaining("No Entra token") as string,
      });
    });
  });

  describeWith("mount", canMount, "a server whose disk becomes full", () => {
    it("ends the load with that reason, keeps the live database, and gives the room back", async () => {
      const disk = smallDisk(160);
      chmodSync(disk.folder, 0o777);
      const server = await startPostgres({ below: disk.folder });
      try {
        const at = server.connection("shop");
        await server.query("", "CREATE DATABASE shop");
        await server.query(
          "shop",
          "CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) t FROM generate_series(1, 15000) n",
        );
        const dump: Uint8Array[] = [];
        for await (const piece of tool.dump(at, { scratch, signal: never })) dump.push(piece);
        disk.fill(10 * 2 ** 20);
        const work = tool.load(at, { scratch, dump: pieces(dump), signal: never });
        await expect(work).rejects.toMatchObject({
          kind: "Full",
          message: expect.stringContaining("Free some space") as string,
        });
        disk.empty();
        // A server that could not write all it had to begins anew.
        await vi.waitFor(() => tool.drop(at, scratch), { timeout: 60_000, interval: 200 });
        expect(await server.query("shop", "SELECT count(*) FROM big")).toBe("15000");
        await tool.load(at, { scratch, dump: pieces(dump), signal: never });
        expect(await server.query(scratch, "SELECT count(*) FROM big")).toBe("15000");
      } finally {
        await server.stop();
        disk.remove();
      }
    });
  });

  describe("tools that do not fit", () => {
    const at: DatabaseConnection = {
      engine: "PostgreSql",
      host: "127.0.0.1",
      port: 1,
      others: [],
      database: "shop",
      user: "u",
      signIn: "none",
      tls: {},
      isReadOnly: false,
    };
    const token = () => Promise.reject(new Error("no"));

    it("are told by name where they are not on this machine", async () => {
      const none = postgresTool({ findTool: () => undefined, token });
      const missing = {
        kind: "ToolMissing",
        message: expect.stringMatching(/psql is not.*postgresql-client/) as string,
      };
      await expect(none.check(at, "dump", never)).rejects.toMatchObject(missing);
      const somewhere = findToolIn([postgresPrograms ?? ""]);
      const half = postgresTool({ findTool: (name) => (name === "pg_dump" ? undefined : somewhere(name)), token });
      await expect(half.check(at, "dump", never)).rejects.toMatchObject({ kind: "ToolMissing" });
    });

    it("are told with what to install where they are older than the server", async () => {
      const folder = mkdtempSync(join(tmpdir(), "lifeboat-pg-old-"));
      const server = await startPostgres();
      try {
        await server.query("", "CREATE DATABASE shop");
        for (const name of ["pg_dump", "pg_restore"])
          writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} (PostgreSQL) 9.6.24"\n`, { mode: 0o755 });
        const old = postgresTool({ findTool: findToolIn([folder, postgresPrograms ?? ""]), token });
        for (const purpose of ["dump", "load"] as const)
          await expect(old.check(server.connection("shop"), purpose, never)).rejects.toMatchObject({
            kind: "ToolTooOld",
            message: expect.stringMatching(/are 9\.6\.24\. Install those of \d+ or newer/) as string,
          });
      } finally {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });

  it("names what became of a server in the middle of a load, and leaves nothing of it that a drop does not take", async () => {
    const server = await startPostgres();
    try {
      await server.query("", "CREATE ROLE app LOGIN CREATEDB PASSWORD 'plain'; CREATE DATABASE app OWNER app");
      const app: DatabaseConnection = { ...server.connection("app"), user: "app", password: new Secret("plain") };
      await server.query(
        "app",
        "SET ROLE app; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n",
      );
      const dump: Uint8Array[] = [];
      for await (const piece of tool.dump(app, { scratch, signal: never })) dump.push(piece);
      // A load that its server left ends before the server is back.
      let trouble: Promise<unknown> = Promise.resolve();
      const failing = async function* (happens: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
        for (const [place, piece] of dump.entries()) {
          yield piece;
          if (place === Math.floor(dump.length / 2)) await (trouble = happens());
        }
      };
      const setting = (value: string) => () =>
        server.query("", `ALTER SYSTEM SET default_transaction_read_only = ${value}`).then(() => reload());
      const reload = () => server.query("", "SELECT pg_reload_conf()");
      const troubles = [
        { happens: () => server.kill().then(server.start), kind: "Unreachable", message: /whether the server is up/ },
        { happens: setting("on"), kind: "NotAllowed", message: /read-only transaction.*takes no changes now/ },
      ];
      for (const { happens, kind, message } of troubles) {
        const work = tool.load(app, { scratch, dump: failing(happens), signal: never });
        await expect(work, kind).rejects.toMatchObject({ kind, message: expect.stringMatching(message) as string });
        await trouble;
        await setting("off")();
        await vi.waitFor(() => tool.drop(app, scratch), { timeout: 60_000, interval: 200 });
        expect(await tool.listOwn(app)).toEqual([]);
        expect(await server.query("app", "SELECT count(*) FROM s.t")).toBe("20000");
      }
      await server.query("", "ALTER ROLE app CONNECTION LIMIT 0");
      await expect(tool.check(app, "load", never)).rejects.toMatchObject({ kind: "Busy" });
    } finally {
      await server.stop();
    }
  });

  it("lets a dump do no more than its plain user may: no programs, no files, no roles", async () => {
    const server = await startPostgres();
    const made = join(server.folder, "made-by-a-dump");
    try {
      await server.query("", "CREATE ROLE app LOGIN CREATEDB PASSWORD 'plain'; CREATE DATABASE app OWNER app");
      const app: DatabaseConnection = { ...server.connection("app"), user: "app", password: new Secret("plain") };
      for (const evil of [
        `COPY (SELECT 1) TO PROGRAM 'touch ${made}'`,
        `COPY (SELECT 1) TO '${made}'`,
        "ALTER ROLE app SUPERUSER",
        "CREATE ROLE another SUPERUSER",
      ]) {
        // What checks the rows of a table runs while they are loaded.
        await server.query("", "CREATE DATABASE hostile");
        await server.query(
          "hostile",
          `CREATE FUNCTION evil(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN IF current_user = 'app' THEN EXECUTE $evil$${evil}$evil$; END IF; RETURN true; END $$;
           CREATE TABLE t (n int CHECK (evil(n))); INSERT INTO t VALUES (1)`,
        );
        const dump = tool.dump(server.connection("hostile"), { scratch, signal: never });
        await expect(tool.load(app, { scratch, dump, signal: never }), evil).rejects.toMatchObject({
          kind: "NotAllowed",
        });
        await server.query("", "DROP DATABASE hostile");
        await tool.drop(app, scratch);
      }
      expect(existsSync(made)).toBe(false);
      expect(await server.query("", "SELECT count(*) FROM pg_roles WHERE rolsuper")).toBe("1");
    } finally {
      await server.stop();
    }
  });

  it("needs no more than ownership and CREATEDB to restore", async () => {
    const server = await startPostgres();
    try {
      await server.query("", "CREATE ROLE app LOGIN CREATEDB PASSWORD 'plain'");
      await server.query("", "CREATE DATABASE app OWNER app");
      const app: DatabaseConnection = { ...server.connection("app"), user: "app", password: new Secret("plain") };
      await server.query("app", "SET ROLE app; CREATE SCHEMA s; CREATE TABLE s.t (n int); INSERT INTO s.t VALUES (7)");
      await tool.check(app, "dump", never);
      await tool.check(app, "load", never);
      await tool.load(app, { scratch, dump: tool.dump(app, { scratch, signal: never }), signal: never });
      await server.query("app", "UPDATE s.t SET n = 8");
      await tool.switchIn(app, { scratch, kept, replaces: true });
      expect(await server.query("app", "SELECT n FROM s.t")).toBe("7");
      await tool.switchBack(app, { scratch, kept, replaces: true });
      expect(await server.query("app", "SELECT n FROM s.t")).toBe("8");
    } finally {
      await server.stop();
    }
  });
});

async function* pieces(dump: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* dump;
}

/** All that pg_dump knows of it as SQL, row by row, and what belongs to the database itself. */
const everythingIn = async (server: PostgresServer, database: string): Promise<readonly string[]> => {
  const where = ["-h", server.folder, "-p", String(server.port), "-U", superuser, "-d", database];
  const options = { maxBuffer: 2 ** 30 };
  const { stdout } = await promisify(execFile)(join(postgresPrograms ?? "", "pg_dump"), where, options);
  const own = `SELECT pg_get_userbyid(datdba), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a), datcollate, pg_encoding_to_char(encoding), (SELECT setconfig FROM
    pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '${database}'`;
  // The words by which newer pg_dump and psql know one another differ each time.
  const lines = stdout.split("\n").filter((line) => !/^\\(?:un)?restrict /.test(line));
  return [await server.query(database, own), ...lines];
};

/** Moves money between accounts, in transactions that are first written and then settled, until told to stop. */
const transfer = async (
  server: PostgresServer,
  database: string,
  seed: number,
  signal: AbortSignal,
): Promise<number> => {
  let count = 0;
  const sql = Array.from(
    { length: 20 },
    () => `BEGIN;
      INSERT INTO shop.transfers (amount, settled) VALUES (${seed}, false);
      UPDATE shop.accounts SET balance = balance - ${seed} WHERE id = (SELECT 1 + floor(random() * 9)::int);
      UPDATE shop.accounts SET balance = balance + ${seed} WHERE id = 10;
      UPDATE shop.transfers SET settled = true WHERE NOT settled AND amount = ${seed};
      COMMIT;`,
  ).join("\n");
  while (!signal.aborted) {
    await server.query(database, sql).then(
      () => count++,
      // Two that wait for one another: the server ends one.
      () => undefined,
    );
  }
  return count;
};

const subject = (server: PostgresServer): DatabaseSubject => ({
  tool,
  connection: server.connection,
  makeDatabase: async (name) => void (await server.query("", `CREATE DATABASE "${name}"`)),
  query: server.query,
  databases: async () => (await server.query("", "SELECT datname FROM pg_database")).split("\n"),
  stayConnected: (database) => stayConnected(server, database),
  stop: () => server.stop(),
});

const stayConnected: (
  server: PostgresServer,
  database: string,
) => ReturnType<DatabaseSubject["stayConnected"]> = async (server, database) => {
  const args = ["-X", "-h", server.folder, "-p", String(server.port), "-U", superuser, "-d", database];
  const child = spawn(join(postgresPrograms ?? "", "psql"), args, { stdio: ["pipe", "ignore", "ignore"] });
  const sessions = async (): Promise<number> =>
    Number(
      await server.query(
        "",
        `SELECT count(*) FROM pg_stat_activity WHERE datname='${database}' AND pid<>pg_backend_pid()`,
      ),
    );
  await vi.waitUntil(async () => (await sessions()) > 0, { timeout: 30_000 });
  return {
    async close() {
      child.kill("SIGKILL");
    },
  };
};
