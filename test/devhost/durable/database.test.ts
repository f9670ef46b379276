import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../../src/devhost/durable/database.ts";
import { createDurable } from "../../../src/devhost/durable/durable.ts";
import { Store } from "../../../src/devhost/durable/store.ts";
import { HostFailure } from "../../../src/devhost/host-failure.ts";
import { startDurable, stopDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

let folder: string;
let file: string;
const open: Database[] = [];
const openDatabase = (): Database => {
  const database = new Database(file);
  open.push(database);
  return database;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "devhost-database-"));
  file = join(folder, "runs.db");
});
afterEach(() => {
  for (const database of open.splice(0)) database.close();
  rmSync(folder, { recursive: true });
});

const refusal = (action: () => unknown): HostFailure => {
  try {
    action();
  } catch (error) {
    if (error instanceof HostFailure) return error;
    throw error;
  }
  throw new Error("It was not refused.");
};

describe("a state file", () => {
  it("belongs to one process at a time, which the second is told", async () => {
    openDatabase();
    expect(refusal(() => new Database(file)).message).toBe(
      `${file} is in use by another process. Stop that one, or start with another data folder.`,
    );
  });

  it("is free again once its owner has closed it", () => {
    openDatabase();
    open.splice(0).forEach((database) => database.close());
    expect(() => openDatabase()).not.toThrow();
  });

  it("can be read by its owner alone, and so can the log beside it", () => {
    openDatabase().exec("CREATE TABLE t (a TEXT)");
    expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it("is refused when it is no database", () => {
    writeFileSync(file, "this is not a database, however long it goes on. ".repeat(100));
    expect(refusal(() => new Database(file)).message).toBe(
      `${file} is damaged or is not a database. Move it away to start with an empty one, or put a copy back.`,
    );
  });

  it("is refused when a page in its middle is damaged", () => {
    const store = new Store(file);
    for (let n = 0; n < 200; n++)
      store.database.transactNow(() =>
        store.insertInstance({
          instanceId: `i${n}`,
          executionId: "e",
          name: "n",
          input: `"${"x".repeat(500)}"`,
          created: n,
        }),
      );
    store.database.close();
    const bytes = readFileSync(file);
    bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 8192);
    writeFileSync(file, bytes);
    expect(refusal(() => new Store(file)).message).toContain("is damaged");
  });

  it("is refused when letters in it are damaged", () => {
    const store = new Store(file);
    const instance = { instanceId: "i", executionId: "e", name: "n", input: '"look here"', created: 0 };
    store.database.transactNow(() => store.insertInstance(instance));
    store.database.close();
    const bytes = readFileSync(file);
    bytes[bytes.indexOf("look here") + 2] = 0xff;
    writeFileSync(file, bytes);
    expect(refusal(() => new Store(file)).message).toContain("is damaged");
  });

  it("is refused when its folder is missing or a folder has its name", () => {
    const cannot = "cannot be opened for writing. Check that its folder exists, and who may write there.";
    expect(refusal(() => new Database(join(folder, "missing", "runs.db"))).message).toContain(cannot);
    mkdirSync(file);
    expect(refusal(() => new Database(file)).message).toContain(cannot);
  });

  it("is refused when a newer version wrote it, and left as it is", () => {
    const store = new Store(file);
    store.database.exec("UPDATE meta SET value = '2' WHERE key = 'schema'");
    store.database.close();
    expect(refusal(() => new Store(file)).message).toContain(
      "was written by another version of this program (layout 2",
    );
    const database = openDatabase();
    expect(database.first<{ value: string }>("SELECT value FROM meta")()?.value).toBe("2");
  });

  it("is refused with one line for the user when a host is made on it", () => {
    writeFileSync(file, "x".repeat(5_000));
    const message = refusal(() => {
      const never = (): never => {
        throw new Error("never called");
      };
      createDurable({
        databaseFile: file,
        hubName: "h",
        limits: { maxConcurrentActivities: 1, maxConcurrentOrchestrators: 1 },
        functionTimeoutMs: 1,
        clock: { now: never, after: never },
        log: never,
        isActivity: never,
        isOrchestrator: never,
        invokeActivity: never,
        invokeOrchestrator: never,
      });
    }).message;
    expect(message.split("\n")).toHaveLength(1);
  });
});

describe("writes", () => {
  const table = (): {
    readonly database: Database;
    readonly add: (text: string) => void;
    readonly rows: () => string[];
  } => {
    const database = openDatabase();
    database.exec("CREATE TABLE t (a TEXT NOT NULL) STRICT");
    const insert = database.run("INSERT INTO t VALUES (?)");
    const all = database.all<{ a: string }>("SELECT a FROM t");
    return { database, add: (text) => void insert(text), rows: () => all().map(({ a }) => a) };
  };

  it("of one turn are stored together, each acknowledged with its own value", async () => {
    const { database, add, rows } = table();
    const writes = ["a", "b", "c"].map((text) =>
      database.transact(() => {
        add(text);
        return `stored ${text}`;
      }),
    );
    expect(rows()).toEqual([]);
    expect(await Promise.all(writes)).toEqual(["stored a", "stored b", "stored c"]);
    expect(rows()).toEqual(["a", "b", "c"]);
  });

  it("do not suffer from a neighbour that fails half-way, which leaves nothing", async () => {
    const { database, add, rows } = table();
    const writes = ["a", "bad", "c"].map((text) =>
      database.transact(() => {
        add(text);
        if (text === "bad") throw new Error("no good");
      }),
    );
    const [first, bad, last] = await Promise.allSettled(writes);
    expect([first?.status, bad?.status, last?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(rows()).toEqual(["a", "c"]);
  });

  it("that the disk has no room for are refused by name and change nothing; later ones work", async () => {
    const { database, add, rows } = table();
    database.exec("PRAGMA max_page_count = 20");
    const large = database.transact(() => add("x".repeat(200_000)));
    const small = database.transact(() => add("small"));
    await expect(large).rejects.toThrow(`The disk that holds ${file} is full. Free some space on it.`);
    await small;
    expect(rows()).toEqual(["small"]);
    database.exec("PRAGMA max_page_count = 2000");
    await database.transact(() => add("x".repeat(200_000)));
    expect(rows()).toHaveLength(2);
  });

  it("that were asked for before it closes are stored", async () => {
    const { database, add } = table();
    const write = database.transact(() => add("last"));
    open.splice(0);
    database.close();
    await write;
    expect(openDatabase().all("SELECT a FROM t")()).toMatchObject([{ a: "last" }]);
  });
});

describe("the status of timer functions", () => {
  it("survives a restart", async () => {
    const status = { last: "2026-01-01T00:00:00Z", next: "2026-01-01T00:05:00Z", lastUpdated: "2026-01-01T00:00:01Z" };
    const first = await startDurable({ databaseFile: file });
    expect(first.durable.timerStatus.timerStatus("tick")).toBeUndefined();
    first.durable.timerStatus.saveTimerStatus("tick", { ...status, next: "sooner" });
    first.durable.timerStatus.saveTimerStatus("tick", status);
    await stopDurable(first);
    const second = await startDurable({ databaseFile: file });
    expect(second.durable.timerStatus.timerStatus("tick")).toEqual(status);
    expect(second.durable.timerStatus.timerStatus("tock")).toBeUndefined();
  });
});
