import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { responseArgument } from "../../src/adapters/databases/sql-server/package-call.ts";
import { sqlServerTool } from "../../src/adapters/databases/sql-server/sql-server-tool.ts";
import { tediousClient } from "../../src/adapters/databases/sql-server/tedious-client.ts";
import {
  DatabaseFailure,
  keptDatabaseName,
  scratchDatabaseName,
  type DatabaseConnection,
} from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Exchanged } from "../../src/ports/database-tool.ts";
import { fakeSqlServer } from "../support/fake-sql-server.ts";
import { failureOf } from "../support/failure-of.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const kept = keptDatabaseName("feedfeedfeedfeed");
const exchanged: Exchanged = { scratch, kept, replaces: true };
const never = new AbortController().signal;

type Server = ReturnType<typeof fakeSqlServer>;
let server: Server;
afterEach(() => server.remove());

const begin = (edition: 3 | 5 | 8 = 3, databases: Readonly<Record<string, string>> = { shop: "rope and Tür" }) => {
  server = fakeSqlServer(edition);
  server.change((state) => {
    for (const [name, content] of Object.entries(databases)) state.databases[name] = { content };
  });
  return tool();
};

const tool = (findTool = server.findTool, patienceMs = 120_000) =>
  sqlServerTool({
    findTool,
    patienceMs,
    sql: server.sql,
    token: () => Promise.resolve(new Secret("planted-token")),
    workFolder: join(server.folder, "work"),
  });

const read = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const dump = (connection: DatabaseConnection = server.connection("shop"), lacks: (reason: string) => void = () => {}) =>
  read(tool().dump(connection, { scratch, signal: never, lacks }));

const isTidy = (): void => {
  expect(readdirSync(join(server.folder, "work"))).toEqual([]);
  expect(Object.keys(server.databases()).filter((name) => name.startsWith("lifeboat_"))).toEqual([]);
};

describe("a dump of SQL Server", () => {
  it("is a BACPAC of a snapshot, by documented arguments, with the password in a private file", async () => {
    begin();
    const bytes = await dump();
    expect(bytes.subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
    expect(bytes.toString()).toContain("rope and Tür");
    const [call] = server.calls();
    const values = new Map(call?.values);
    expect(values.get("SourceDatabaseName")).toBe(scratch);
    expect(values.get("SourceServerName")).toBe("tcp:db.test,14330");
    expect([values.get("SourceEncryptConnection"), values.get("SourceTrustServerCertificate")]).toEqual([
      "True",
      "False",
    ]);
    expect(call?.given.join(" ")).not.toContain("word'");
    const snapshot = server.asked().find((text) => text.includes("AS SNAPSHOT OF"));
    expect(snapshot).toContain(`(NAME = [sho]]p2], FILENAME = N'/d/it''s.ndf.${scratch}.1.ss')`);
    isTidy();
  });

  it("is of a copy in Azure SQL, with a token in the place of user and password", async () => {
    begin(5);
    const { password: _, ...rest } = server.connection("shop");
    const bytes = await dump({ ...rest, signIn: "token" });
    expect(bytes.toString()).toContain("rope and Tür");
    expect(server.asked().some((text) => text === `master: CREATE DATABASE [${scratch}] AS COPY OF [shop]`)).toBe(true);
    const values = new Map(server.calls()[0]?.values);
    expect([values.get("AccessToken"), values.has("SourceUser"), values.has("SourcePassword")]).toEqual([
      "planted-token",
      false,
      false,
    ]);
    isTidy();
  });

  it.each([
    ["a user who may make no copy", 5, /AS COPY OF/, /dbmanager/],
    ["a user who may take no snapshot", 3, /AS SNAPSHOT OF/, /CREATE ANY DATABASE/],
    ["a managed instance", 8, undefined, /managed instance/],
  ] as const)("by %s is made all the same, and is said to be of no one moment", async (_, edition, pattern, reason) => {
    begin(edition);
    server.refuse(pattern);
    const lacks: string[] = [];
    expect((await dump(undefined, (one) => lacks.push(one))).toString()).toContain("rope and Tür");
    expect(lacks).toEqual([expect.stringMatching(reason)]);
    expect(new Map(server.calls()[0]?.values).get("SourceDatabaseName")).toBe("shop");
    isTidy();
  });

  it("that fails, or is given up, leaves no copy and no file behind", async () => {
    begin();
    server.change(
      (state) => void (state.exportFails = "Error SQL71564: Element User: [x] has an unsupported property."),
    );
    expect(await failureOf(DatabaseFailure, dump())).toMatchObject({
      kind: "ToolFailed",
      message: expect.stringMatching(/SQL71564/),
    });
    isTidy();
    server.change((state) => void delete state.exportFails);
    for await (const _ of tool().dump(server.connection("shop"), { scratch, signal: never })) break;
    isTidy();
    server.change((state) => void (state.hang = true));
    const stop = new AbortController();
    const reason = new Error("enough");
    const work = read(tool().dump(server.connection("shop"), { scratch, signal: stop.signal }));
    await expect.poll(() => server.calls().length, { timeout: 20_000 }).toBe(3);
    stop.abort(reason);
    await expect(work).rejects.toBe(reason);
    isTidy();
  });

  it("takes away what a process that was killed left in the work folder", async () => {
    begin();
    const left = join(server.folder, "work", "sqlpackage-4194999-abcdef");
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, "database.bacpac"), "half");
    await dump();
    isTidy();
  });
});

describe("a load into SQL Server", () => {
  it("makes the scratch database, at the live one's level in Azure, and leaves the live one alone", async () => {
    begin(5);
    const bytes = await dump();
    server.change((state) => void (state.databases["shop"] = { content: "since" }));
    for (const _ of [1, 2]) await tool().load(server.connection("shop"), { scratch, dump: once(bytes), signal: never });
    expect(server.databases()).toEqual({ shop: "since", [scratch]: "rope and Tür" });
    const properties = new Map(server.calls().at(-1)?.properties);
    expect([properties.get("DatabaseEdition"), properties.get("DatabaseServiceObjective")]).toEqual(["Standard", "S3"]);
  });

  it("refuses what is no whole BACPAC before anything is made", async () => {
    begin();
    const bytes = await dump();
    const made = server.calls().length;
    for (const damaged of [bytes.subarray(0, -1), bytes.subarray(100), Buffer.from("no dump"), Buffer.alloc(0)]) {
      const work = tool().load(server.connection("shop"), { scratch, dump: once(damaged), signal: never });
      expect((await failureOf(DatabaseFailure, work)).kind).toBe("DumpDamaged");
    }
    expect(server.calls()).toHaveLength(made);
    isTidy();
  });
});

describe("a check of SQL Server", () => {
  it("tells versions, size and content", async () => {
    begin(3, { shop: "x", bare: "" });
    const check = await tool().check(server.connection("shop"), "dump", never);
    expect(check).toMatchObject({
      tool: "sqlpackage",
      toolVersion: "162.5.57.1",
      serverVersion: "16.0.4135.4",
      content: "present",
    });
    expect((await tool().check(server.connection("bare"), "load", never)).content).toBe("empty");
    expect((await tool().check(server.connection("none"), "load", never)).content).toBe("missing");
    expect((await failureOf(DatabaseFailure, tool().check(server.connection("none"), "dump", never))).kind).toBe(
      "DatabaseMissing",
    );
  });

  it("finds a missing program, an old one, and a refused login before the work", async () => {
    begin();
    const check = (connection = server.connection("shop"), by = tool()) =>
      failureOf(DatabaseFailure, by.check(connection, "dump", never));
    expect(
      await check(
        undefined,
        tool(() => undefined),
      ),
    ).toMatchObject({ kind: "ToolMissing", message: expect.stringMatching(/dotnet tool/) });
    const wrong = await check({ ...server.connection("shop"), password: new Secret("planted-word") });
    expect(wrong.kind).toBe("LoginRefused");
    expect(wrong.message).not.toContain("planted-word");
    server.change((state) => void (state.version = "15.0.5282.3"));
    expect((await check()).kind).toBe("ToolTooOld");
  });
});

it("a server that does not answer is named so by the real client", async () => {
  begin();
  const real = sqlServerTool({
    findTool: server.findTool,
    sql: tediousClient(() => Promise.reject(new Error("no identity here"))),
    token: () => Promise.reject(new Error("no identity here")),
    workFolder: join(server.folder, "work"),
  });
  const nowhere = { ...server.connection("shop"), host: "127.0.0.1", port: 1 };
  expect((await failureOf(DatabaseFailure, real.check(nowhere, "dump", never))).kind).toBe("Unreachable");
  const { password: _, ...tokenless } = nowhere;
  const work = real.check({ ...tokenless, signIn: "token" }, "dump", never);
  expect(await failureOf(DatabaseFailure, work)).toMatchObject({
    kind: "LoginRefused",
    message: expect.stringMatching(/identity/),
  });
});

describe("a switch of SQL Server", () => {
  const states = [
    ["before anything", { shop: "old", [scratch]: "new" }],
    ["between the renames", { [kept]: "old", [scratch]: "new" }],
    ["after both", { [kept]: "old", shop: "new" }],
  ] as const;

  it.each(states)("that stopped %s is finished by the next call, and taken back by an undo", async (_, databases) => {
    begin(3, databases);
    for (const __ of [1, 2]) await tool().switchIn(server.connection("shop"), exchanged);
    expect(server.databases()).toEqual({ shop: "new", [kept]: "old" });
    for (const __ of [1, 2]) await tool().switchBack(server.connection("shop"), exchanged);
    expect(server.databases()).toEqual({ shop: "old" });
  });

  it.each([...states, ["back in the middle", { [kept]: "old", [scratch]: "new" }]] as const)(
    "that stopped %s is taken back whole",
    async (_, databases) => {
      begin(5, databases);
      await tool().switchBack(server.connection("shop"), exchanged);
      expect(server.databases()).toEqual({ shop: "old" });
    },
  );

  it("where there was none makes a database, and an undo takes it away", async () => {
    begin(3, { [scratch]: "new" });
    const fresh = { ...exchanged, replaces: false };
    for (const _ of [1, 2]) await tool().switchIn(server.connection("shop"), fresh);
    expect(server.databases()).toEqual({ shop: "new" });
    await tool().switchBack(server.connection("shop"), fresh);
    expect(server.databases()).toEqual({});
  });

  it("where there was none leaves alone what others made in its place, also when it is put back twice", async () => {
    begin(3, { [scratch]: "new" });
    const fresh = { ...exchanged, replaces: false };
    await tool().switchIn(server.connection("shop"), fresh);
    await tool().switchBack(server.connection("shop"), fresh);
    // Theirs may be a copy of what an earlier exchange has made.
    server.change((state) => void (state.databases["shop"] = { content: "theirs", mark: "lifeboat_kept_earlier" }));
    await tool().switchBack(server.connection("shop"), fresh);
    expect(server.databases()).toEqual({ shop: "theirs" });
    server.change((state) => void (state.databases[scratch] = { content: "new", mark: "lifeboat_kept_earlier" }));
    expect((await failureOf(DatabaseFailure, tool().switchIn(server.connection("shop"), fresh))).kind).toBe("Busy");
    for (const _ of [1, 2]) await tool().switchBack(server.connection("shop"), fresh);
    expect(server.databases()).toEqual({ shop: "theirs" });
  });

  it("does not take a database that others made meanwhile for its own", async () => {
    begin(3, { shop: "others'", [kept]: "old", [scratch]: "new" });
    expect((await failureOf(DatabaseFailure, tool().switchIn(server.connection("shop"), exchanged))).kind).toBe("Busy");
    await expect(tool().drop(server.connection("shop"), "shop")).rejects.toThrow(/not Lifeboat's/);
  });
});

describe("a SQL Server that hangs", () => {
  const impatient = () => tool(server.findTool, 40);
  const silent = { kind: "Unreachable", message: expect.stringMatching(/has not answered/) as string };

  it.each<[string, (at: DatabaseConnection) => Promise<unknown>]>([
    ["check", (at) => impatient().check(at, "dump", never)],
    ["dump", (at) => read(impatient().dump(at, { scratch, signal: never }))],
    ["exchange", (at) => impatient().switchIn(at, exchanged)],
    ["exchange back", (at) => impatient().switchBack(at, exchanged)],
    ["drop", (at) => impatient().drop(at, scratch)],
    ["list of what is ours", (at) => impatient().listOwn(at)],
  ])("is not waited for by a %s", async (_, call) => {
    begin();
    server.fallSilent();
    expect(await failureOf(DatabaseFailure, call(server.connection("shop")))).toMatchObject(silent);
  });

  it("is not waited for by a load", async () => {
    begin();
    const bytes = await dump();
    server.fallSilent();
    const work = impatient().load(server.connection("shop"), { scratch, dump: once(bytes), signal: never });
    expect(await failureOf(DatabaseFailure, work)).toMatchObject(silent);
  });

  it("ends an export, and the end of its copy, in the middle", async () => {
    begin();
    server.change((state) => void (state.hang = true));
    const work = read(impatient().dump(server.connection("shop"), { scratch, signal: never }));
    await expect.poll(() => server.calls().length, { timeout: 20_000 }).toBe(1);
    server.fallSilent();
    expect(await failureOf(DatabaseFailure, work)).toMatchObject(silent);
    expect(readdirSync(join(server.folder, "work"))).toEqual([]);
  });
});

it.each(["a\nb", String.raw`a\"b`, String.raw`a\ b`])(
  "a password that a response file cannot carry is refused: %j",
  (password) => {
    begin();
    expect(responseArgument("SourcePassword", password)).toBeUndefined();
  },
);
