import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  DatabaseFailure,
  keptDatabaseName,
  scratchDatabaseName,
  type DatabaseConnection,
} from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { DatabaseTool, Exchanged } from "../../src/ports/database-tool.ts";
import { failureOf } from "../support/failure-of.ts";

/** A server with an administrator's hands. Texts are SQL that every kind understands. */
export interface DatabaseSubject {
  readonly tool: DatabaseTool;
  /** To a database of this name, which need not exist, as a user who may make databases. */
  connection(database: string): DatabaseConnection;
  makeDatabase(name: string): Promise<void>;
  /** What a client prints for it, without headings: one row a line. */
  query(database: string, sql: string): Promise<string>;
  databases(): Promise<readonly string[]>;
  /** A session that stays connected to the database. */
  stayConnected(database: string): Promise<{ close(): Promise<void> }>;
  stop(): Promise<void>;
}

const live = "shop";
const scratch = scratchDatabaseName("0123456789abcdef", "a1");
const exchanged: Exchanged = { scratch, kept: keptDatabaseName("0123456789abcdef"), replaces: true };
const never = new AbortController().signal;

/** Every sentence of the DatabaseTool port's comments that one server can show, against any implementation. */
export const databaseToolContract = (implementation: string, make: () => Promise<DatabaseSubject>): void => {
  describe(`${implementation} keeps the database tool contract`, { timeout: 120_000 }, () => {
    let server: DatabaseSubject;
    beforeAll(async () => {
      server = await make();
    }, 120_000);
    afterAll(() => server.stop(), 60_000);
    beforeEach(async () => {
      await server.makeDatabase(live);
      await server.query(live, "CREATE TABLE goods (id INT PRIMARY KEY, name VARCHAR(40))");
      await server.query(live, "INSERT INTO goods VALUES (1, 'Tür'), (2, 'rope')");
    }, 60_000);
    afterEach(async () => {
      for (const name of [live, scratch, exchanged.kept]) await dropAny(server, name);
    }, 60_000);
    const subject = (): DatabaseSubject => server;

    describe("check", () => checks(subject));
    describe("dump and load", () => dumps(subject));
    describe("switch", () => switches(subject));
    describe("clearing away", () => clears(subject));
  });
};

/** `DROP` by the administrator: the tool itself refuses names that are not ours. */
const dropAny = async (server: DatabaseSubject, name: string): Promise<void> => {
  if (!(await server.databases()).includes(name)) return;
  await server.query("", `DROP DATABASE ${name}`);
};

const checks = (server: () => DatabaseSubject): void => {
  it("tells versions, size, and whether the database holds anything", async () => {
    const { tool, connection } = server();
    const check = await tool.check(connection(live), "dump", never);
    expect(check.content).toBe("present");
    expect(check.sizeBytes).toBeGreaterThan(0);
    expect(check.serverVersion).toMatch(/^\d+/);
    expect(check.toolVersion).toMatch(/^\d+/);
  });

  it("tells an empty database from one with a table and from none", async () => {
    const { tool, connection, query } = server();
    await query(live, "DROP TABLE goods");
    expect((await tool.check(connection(live), "load", never)).content).toBe("empty");
    expect((await tool.check(connection("nobody_made_it"), "load", never)).content).toBe("missing");
  });

  it("refuses to dump a database that is not there", async () => {
    const { tool, connection } = server();
    const failure = await failureOf(DatabaseFailure, tool.check(connection("nobody_made_it"), "dump", never));
    expect(failure.kind).toBe("DatabaseMissing");
    expect(failure.message).toContain("nobody_made_it");
  });

  it("tells a wrong password from a server that does not answer, and never the password", async () => {
    const { tool, connection } = server();
    const wrong = { ...connection(live), password: new Secret("planted-word") };
    const refused = await failureOf(DatabaseFailure, tool.check(wrong, "dump", never));
    expect(refused.kind).toBe("LoginRefused");
    const { port: _, ...elsewhere } = connection(live);
    const silent = await failureOf(
      DatabaseFailure,
      tool.check({ ...elsewhere, host: "127.0.0.1", port: 1 }, "dump", never),
    );
    expect(silent.kind).toBe("Unreachable");
    expect(`${refused.message} ${silent.message}`).not.toContain("planted-word");
  });
};

const read = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

const dumpOf = ({ tool, connection }: DatabaseSubject): Promise<Buffer> =>
  read(tool.dump(connection(live), { scratch, signal: never }));

const stream = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
};

const goods = (server: DatabaseSubject, database: string): Promise<string> =>
  server.query(database, "SELECT name FROM goods ORDER BY id");

const dumps = (server: () => DatabaseSubject): void => {
  it("loads what it dumped beside the live database, which is not touched", async () => {
    const subject = server();
    const dump = await dumpOf(subject);
    await subject.query(live, "UPDATE goods SET name = 'changed since'");
    await subject.tool.load(subject.connection(live), { scratch, dump: stream(dump), signal: never });
    expect((await goods(subject, scratch)).split("\n")).toEqual(["Tür", "rope"]);
    expect((await goods(subject, live)).split("\n")).toEqual(["changed since", "changed since"]);
    expect(await subject.databases()).not.toContain(exchanged.kept);
  });

  it("replaces a scratch database that an attempt before left behind", async () => {
    const subject = server();
    const dump = await dumpOf(subject);
    for (const _ of [1, 2])
      await subject.tool.load(subject.connection(live), { scratch, dump: stream(dump), signal: never });
    expect((await goods(subject, scratch)).split("\n")).toEqual(["Tür", "rope"]);
  });

  it("refuses a dump that is cut off, and one that is none", async () => {
    const subject = server();
    const { tool, connection } = subject;
    const dump = await dumpOf(subject);
    for (const damaged of [dump.subarray(0, dump.length - 40), dump.subarray(0, 30), Buffer.from("no dump at all")]) {
      const work = tool.load(connection(live), { scratch, dump: stream(damaged), signal: never });
      expect((await failureOf(DatabaseFailure, work)).kind).toBe("DumpDamaged");
    }
    expect((await goods(subject, live)).split("\n")).toEqual(["Tür", "rope"]);
  });

  it("ends with the signal's reason when it is cancelled", async () => {
    const subject = server();
    const { tool, connection } = subject;
    const reason = new Error("enough");
    await expect(read(tool.dump(connection(live), { scratch, signal: AbortSignal.abort(reason) }))).rejects.toBe(
      reason,
    );
    const stop = new AbortController();
    const endless = async function* (dump: Uint8Array): AsyncGenerator<Uint8Array> {
      yield dump;
      stop.abort(reason);
      await new Promise<never>(() => undefined);
    };
    const dump = await dumpOf(subject);
    const work = tool.load(connection(live), {
      scratch,
      dump: endless(dump.subarray(0, dump.length / 2)),
      signal: stop.signal,
    });
    await expect(work).rejects.toBe(reason);
  });

  it("says what the source of a dump said when that fails in the middle", async () => {
    const subject = server();
    const lost = new Error("the archive is gone");
    const failing = async function* (dump: Uint8Array): AsyncGenerator<Uint8Array> {
      yield dump;
      throw lost;
    };
    const dump = failing((await dumpOf(subject)).subarray(0, 500));
    await expect(subject.tool.load(subject.connection(live), { scratch, dump, signal: never })).rejects.toBe(lost);
  });

  it("may be left in the middle", async () => {
    const { tool, connection } = server();
    let pieces = 0;
    for await (const _ of tool.dump(connection(live), { scratch, signal: never })) {
      pieces++;
      break;
    }
    expect(pieces).toBe(1);
  });
};

const loaded = async (subject: DatabaseSubject): Promise<void> => {
  const dump = await dumpOf(subject);
  await subject.query(live, "UPDATE goods SET name = 'changed since'");
  await subject.tool.load(subject.connection(live), { scratch, dump: stream(dump), signal: never });
};

const switches = (server: () => DatabaseSubject): void => {
  it("makes the loaded database live and keeps the one that was", async () => {
    const subject = server();
    await loaded(subject);
    await subject.tool.switchIn(subject.connection(live), exchanged);
    expect((await goods(subject, live)).split("\n")).toEqual(["Tür", "rope"]);
    expect((await goods(subject, exchanged.kept)).split("\n")).toEqual(["changed since", "changed since"]);
    expect(await subject.databases()).not.toContain(scratch);
  });

  it("does nothing the second time, nor after it was put back", async () => {
    const subject = server();
    await loaded(subject);
    const at = subject.connection(live);
    for (const _ of [1, 2]) await subject.tool.switchIn(at, exchanged);
    expect((await goods(subject, live)).split("\n")).toEqual(["Tür", "rope"]);
    for (const _ of [1, 2]) await subject.tool.switchBack(at, exchanged);
    await subject.tool.switchIn(at, exchanged);
    expect((await goods(subject, live)).split("\n")).toEqual(["changed since", "changed since"]);
    expect(await subject.tool.listOwn(at)).toEqual([]);
  });

  it("puts back without having switched: only the scratch database goes", async () => {
    const subject = server();
    await loaded(subject);
    await subject.tool.switchBack(subject.connection(live), exchanged);
    expect((await goods(subject, live)).split("\n")).toEqual(["changed since", "changed since"]);
    expect(await subject.tool.listOwn(subject.connection(live))).toEqual([]);
  });

  it("switches although others are connected", async () => {
    const subject = server();
    await loaded(subject);
    const session = await subject.stayConnected(live);
    await subject.tool.switchIn(subject.connection(live), exchanged);
    expect((await goods(subject, live)).split("\n")).toEqual(["Tür", "rope"]);
    await session.close();
  });

  it("makes a database that was not there, and takes it away again", async () => {
    const subject = server();
    await loaded(subject);
    await dropAny(subject, live);
    const at = subject.connection(live);
    const fresh = { ...exchanged, replaces: false };
    for (const _ of [1, 2]) await subject.tool.switchIn(at, fresh);
    expect((await goods(subject, live)).split("\n")).toEqual(["Tür", "rope"]);
    for (const _ of [1, 2]) await subject.tool.switchBack(at, fresh);
    expect(await subject.databases()).not.toContain(live);
    expect(await subject.tool.listOwn(at)).toEqual([]);
  });

  it("leaves alone what others made in its place meanwhile, also when it is put back twice", async () => {
    const subject = server();
    await loaded(subject);
    await dropAny(subject, live);
    await subject.makeDatabase(live);
    await subject.query(live, "CREATE TABLE theirs (id int)");
    const at = subject.connection(live);
    const fresh = { ...exchanged, replaces: false };
    expect((await failureOf(DatabaseFailure, subject.tool.switchIn(at, fresh))).kind).toBe("Busy");
    for (const _ of [1, 2]) await subject.tool.switchBack(at, fresh);
    expect(await subject.query(live, "SELECT COUNT(*) FROM theirs")).toContain("0");
    expect(await subject.tool.listOwn(at)).toEqual([]);
  });
};

const clears = (server: () => DatabaseSubject): void => {
  it("lists and drops its own databases, also while somebody is connected, and twice", async () => {
    const subject = server();
    await loaded(subject);
    const at = subject.connection(live);
    expect(await subject.tool.listOwn(at)).toEqual([scratch]);
    const session = await subject.stayConnected(scratch);
    for (const _ of [1, 2]) await subject.tool.drop(at, scratch);
    await session.close();
    expect(await subject.tool.listOwn(at)).toEqual([]);
  });

  it("drops nothing that is not its own", async () => {
    const { tool, connection, databases } = server();
    await expect(tool.drop(connection(live), live)).rejects.toThrow(live);
    expect(await databases()).toContain(live);
  });
};
