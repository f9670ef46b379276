import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Archive } from "../../../src/archive/read/open-archive.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { FileUnreadable, type SiteFiles } from "../../../src/ports/site-files.ts";
import { contentOf, openStoredArchive } from "../../support/archive-contents.ts";
import { databaseRounds } from "../../support/long-runs.ts";
import { container, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

const accounts = 600;
const sum = accounts * 100;

/** Fills both databases, then moves money between rows of each until it is killed. */
const writer = `
  const Libsql = require("libsql");
  const [, folder] = process.argv;
  const open = (name, mode, padding) => {
    const database = new Libsql(folder + "/" + name, { timeout: 20000 });
    database.exec("PRAGMA journal_mode = " + mode + "; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 50;");
    database.exec("CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance INTEGER, padding BLOB)");
    if (database.prepare("SELECT count(*) AS n FROM accounts").get().n === 0) {
      database.exec("BEGIN");
      for (let id = 0; id < ${accounts}; id++)
        database.prepare("INSERT INTO accounts VALUES (?, 100, randomblob(?))").run(id, padding);
      database.exec("COMMIT");
    }
    return database;
  };
  const databases = [open("log.db", "WAL", 4000), open("journal.db", "DELETE", 20000), open("keeps.db", "PERSIST", 100)];
  process.stdout.write("writing\\n");
  const any = () => Math.floor(Math.random() * ${accounts});
  const turn = () => {
    for (const database of databases) {
      const [from, to, much] = [any(), any(), any()];
      database.exec("BEGIN IMMEDIATE");
      database.prepare("UPDATE accounts SET balance = balance - ? WHERE id = ?").run(much, from);
      database.prepare("UPDATE accounts SET padding = randomblob(length(padding)) WHERE id BETWEEN ? AND ?").run(any(), any());
      database.prepare("UPDATE accounts SET balance = balance + ? WHERE id = ?").run(much, to);
      database.exec("COMMIT");
    }
    setImmediate(turn);
  };
  turn();
`;

/** Has a database open, and writes to it and closes it when it is told to. */
const holding = `
  const Libsql = require("libsql");
  const database = new Libsql(process.argv[1]);
  database.prepare("SELECT count(*) FROM accounts").get();
  process.stdout.write("open\\n");
  process.stdin.once("data", () => {
    database.exec("INSERT INTO accounts VALUES (4, 8000)");
    database.close();
    process.exit();
  });
`;

const dying = `
  const Libsql = require("libsql");
  const database = new Libsql(process.argv[1]);
  database.exec("PRAGMA wal_autocheckpoint = 0");
  for (let id = 100; id < 400; id++) database.exec("INSERT INTO accounts VALUES (" + id + ", 1)");
  process.stdout.write("open\\n");
  setInterval(() => undefined, 1000);
`;

let world: RestoreWorld;
let data: string;
let writing: ChildProcess | undefined;
beforeEach(() => {
  world = restoreWorld();
  data = join(world.home, "site/wwwroot/App_Data");
  mkdirSync(data, { recursive: true });
});
afterEach(async () => {
  await stopWriting();
  world.remove();
});

const startWriting = async (): Promise<void> => {
  const child = spawn(process.execPath, ["-e", writer, data], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: process.cwd(),
  });
  writing = child;
  await once(child.stdout, "data");
};

const stopWriting = async (): Promise<void> => {
  const child = writing;
  writing = undefined;
  if (child === undefined) return;
  child.kill("SIGKILL");
  await once(child, "close");
};

/** By another process, as an application is: locks are of a process. */
const hold = async (name: string): Promise<{ readonly writeAndClose: () => Promise<void> }> => {
  const holder = spawn(process.execPath, ["-e", holding, join(data, name)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  return {
    writeAndClose: async () => {
      holder.stdin.end("write and close\n");
      await once(holder, "close");
    },
  };
};

const archiveOf = (backup: Backup): Promise<Archive> =>
  openStoredArchive(world.container(container), `${backup.blobBase}.zip`);

const databasesIn = async (archive: Archive): Promise<ReadonlyMap<string, Buffer>> => {
  const found = new Map<string, Buffer>();
  for (let place = 0; place < archive.directory.length; place++) {
    const name = String(archive.directory.at(place).name);
    if (name.includes("App_Data/") && !name.endsWith("/"))
      found.set(name.replace(/.*\//, ""), await contentOf(archive, place));
  }
  return found;
};

/** Whether SQLite finds the file whole, and how much money is in it. */
const judge = (file: string): readonly unknown[] => {
  const database = new Libsql(file);
  try {
    const check = database.prepare("PRAGMA integrity_check").raw().get();
    return [check, database.prepare("SELECT sum(balance), count(*) FROM accounts").raw().get()].flat();
  } finally {
    database.close();
  }
};

const backUp = async (): Promise<Backup> => {
  const backup = await world.backUp();
  world.clock.time = new Date(world.clock.time.getTime() + 60_000);
  return backup;
};

/** The site's files, but for what is given. */
const withFiles = (given: { readonly [Key in keyof SiteFiles]?: SiteFiles[Key] | undefined }): SiteFiles => {
  const real = world.host.files;
  const files = new Proxy(real, {
    get: (target, key): unknown => {
      const own: unknown = key in given ? Reflect.get(given, key) : Reflect.get(target, key);
      return typeof own === "function" && !(key in given) ? own.bind(target) : own;
    },
  });
  Object.assign(world.host, { files });
  return real;
};

const openLog = (): Libsql.Database => {
  const database = new Libsql(join(data, "log.db"));
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance)");
  return database;
};
// No prepared statement: until one is collected as garbage its database stays open.
const pay = (database: Libsql.Database, id: number, balance: number) =>
  database.exec(`INSERT INTO accounts VALUES (${id}, ${balance})`);

const judgeLog = async (backup: Backup): Promise<readonly unknown[]> => {
  const files = await databasesIn(await archiveOf(backup));
  expect([...files.keys()]).toEqual(["log.db"]);
  writeFileSync(join(world.folder, "copy.db"), files.get("log.db") ?? Buffer.alloc(0));
  return judge(join(world.folder, "copy.db"));
};

describe("a SQLite database in a site", { timeout: 300_000 }, () => {
  it("is in every backup as of one commit while its application writes", async () => {
    await startWriting();
    const copies = new Set<string>();
    for (let round = 0; round < databaseRounds; round++) {
      const files = await databasesIn(await archiveOf(await backUp()));
      expect([...files.keys()]).toEqual(["journal.db", "keeps.db", "log.db"]);
      for (const [name, content] of files) {
        const copy = join(world.folder, `copy-${round}-${name}`);
        writeFileSync(copy, content);
        copies.add(content.toString("latin1"));
        expect([name, ...judge(copy)]).toEqual([name, "ok", sum, accounts]);
      }
    }
    // Each backup holds a later commit: none was taken from the archive before.
    expect(copies.size).toBe(3 * databaseRounds);
  });

  it("comes back as of its backup, without what lay beside it since", async () => {
    await startWriting();
    const backup = await backUp();
    await stopWriting();
    const restored = await databasesIn(await archiveOf(backup));
    // Killed in the middle: a log with newer commits lies beside the file.
    expect(existsSync(join(data, "log.db-wal"))).toBe(true);
    const operation = await world.restore(backup);
    expect(operation.status).toBe("Succeeded");
    expect(existsSync(join(data, "log.db-wal"))).toBe(false);
    for (const [name, content] of restored) {
      expect(readFileSync(join(data, name)).equals(content)).toBe(true);
      expect([name, ...judge(join(data, name))]).toEqual([name, "ok", sum, accounts]);
    }
  });

  it.each(["alone", "by a filter that leaves its log out"])("comes back without a newer log, %s", async (how) => {
    const filter = join(world.home, "site/wwwroot/_backup.filter");
    if (how !== "alone") writeFileSync(filter, "\\site\\wwwroot\\App_Data\\log.db-wal\n");
    await startWriting();
    const backup = await backUp();
    await stopWriting();
    const wanted = (await databasesIn(await archiveOf(backup))).get("log.db");
    expect(existsSync(join(data, "log.db-wal"))).toBe(true);
    const paths = how === "alone" ? [pathFromText("site/wwwroot/App_Data/log.db")] : [];
    expect((await world.restore(backup, { paths })).status).toBe("Succeeded");
    expect(existsSync(join(data, "log.db-wal"))).toBe(false);
    expect(wanted?.equals(readFileSync(join(data, "log.db")))).toBe(true);
    expect(judge(join(data, "log.db"))).toEqual(["ok", sum, accounts]);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", sum, accounts]);
  });

  it("that its application left in the middle of a commit is copied with its journal, and named", async () => {
    const database = new Libsql(join(data, "live.db"));
    database.exec("PRAGMA cache_size = 5; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance, padding)");
    for (let id = 0; id < 50; id++) database.exec("INSERT INTO accounts VALUES (NULL, 2, randomblob(9000))");
    database.exec("BEGIN; UPDATE accounts SET balance = 3, padding = randomblob(9001)");
    for (const end of ["", "-journal"]) copyFileSync(join(data, `live.db${end}`), join(data, `left.db${end}`));
    database.exec("ROLLBACK");
    database.close();
    const backup = await backUp();
    expect(backup.status).toBe("PartiallySucceeded");
    expect(backup.log).toMatch(/left\.db: Warning: .*interrupted.*recover/);
    const files = await databasesIn(await archiveOf(backup));
    expect([...files.keys()]).toEqual(["left.db", "left.db-journal", "live.db"]);
    for (const [name, content] of files) writeFileSync(join(world.folder, name), content);
    expect(judge(join(world.folder, "left.db"))).toEqual(["ok", 100, 50]);
  });

  it("is in the backup with what only its log holds, also where a filter leaves out what lies beside it", async () => {
    writeFileSync(join(world.home, "site/wwwroot/_backup.filter"), "\\site\\wwwroot\\App_Data\\log.db-*\n");
    const database = new Libsql(join(data, "log.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance)");
    database.exec("INSERT INTO accounts VALUES (1, 5)");
    const backup = await backUp();
    database.close();
    const content = (await databasesIn(await archiveOf(backup))).get("log.db") ?? Buffer.alloc(0);
    writeFileSync(join(world.folder, "copy.db"), content);
    expect(judge(join(world.folder, "copy.db"))).toEqual(["ok", 5, 1]);
  });

  it("is copied through SQLite with a log that has no memory beside it", async () => {
    const database = new Libsql(join(world.folder, "origin.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance)");
    database.exec("INSERT INTO accounts VALUES (1, 5)");
    for (const end of ["", "-wal"]) copyFileSync(join(world.folder, `origin.db${end}`), join(data, `log.db${end}`));
    database.close();
    const files = await databasesIn(await archiveOf(await backUp()));
    expect([...files.keys()]).toEqual(["log.db"]);
    writeFileSync(join(world.folder, "copy.db"), files.get("log.db") ?? Buffer.alloc(0));
    expect(judge(join(world.folder, "copy.db"))).toEqual(["ok", 5, 1]);
  });

  it("gets nothing of the service's own beside it, where its owner is another: it could not be written any more", async () => {
    const database = new Libsql(join(world.folder, "origin.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance)");
    database.exec("INSERT INTO accounts VALUES (1, 5)");
    for (const end of ["", "-wal"]) copyFileSync(join(world.folder, `origin.db${end}`), join(data, `log.db${end}`));
    database.close();
    const asked = vi.spyOn(process, "geteuid").mockReturnValue(4_321);
    try {
      const backup = await backUp();
      expect([backup.status, backup.log]).toEqual([
        "PartiallySucceeded",
        expect.stringMatching(/log\.db: Warning: .*leave a file of the service beside it/),
      ]);
      expect([...(await databasesIn(await archiveOf(backup))).keys()]).toEqual(["log.db", "log.db-wal"]);
    } finally {
      asked.mockRestore();
    }
    expect(readdirSync(data)).toEqual(["log.db", "log.db-wal"]);
  });

  it.each(["WAL", "DELETE"])(
    "is in the backup without what a long transaction has not committed, in %s mode",
    async (mode) => {
      const database = new Libsql(join(data, "live.db"));
      database.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance, padding)`);
      for (let id = 0; id < 50; id++) database.exec("INSERT INTO accounts VALUES (NULL, 2, randomblob(9000))");
      // In WAL mode more than its memory holds: uncommitted pages lie in the log.
      if (mode === "WAL") database.exec("PRAGMA cache_size = 5");
      database.exec("BEGIN IMMEDIATE; UPDATE accounts SET balance = 3, padding = randomblob(9001)");
      const backup = await backUp();
      expect(backup.status).toBe("Succeeded");
      database.exec("COMMIT");
      database.close();
      const content = (await databasesIn(await archiveOf(backup))).get("live.db") ?? Buffer.alloc(0);
      writeFileSync(join(world.folder, "copy.db"), content);
      expect(judge(join(world.folder, "copy.db"))).toEqual(["ok", 100, 50]);
    },
  );

  it.each([512, 4096, 65_536])("may have pages of %d bytes", async (pageBytes) => {
    const database = new Libsql(join(data, "pages.db"));
    database.exec(`PRAGMA page_size = ${pageBytes}; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance, padding)`);
    for (let id = 0; id < 9; id++) database.exec("INSERT INTO accounts VALUES (NULL, 2, randomblob(90000))");
    database.exec("DELETE FROM accounts WHERE id > 7");
    const backup = await backUp();
    database.close();
    const content = (await databasesIn(await archiveOf(backup))).get("pages.db");
    expect(content?.equals(readFileSync(join(data, "pages.db")))).toBe(true);
  });

  it("may be restored while its application holds it: neither the new one nor the replaced one is harmed", async () => {
    const open = (): Libsql.Database => {
      const database = new Libsql(join(data, "live.db"));
      database.exec("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance)");
      return database;
    };
    const before = open();
    pay(before, 1, 5);
    const backup = await backUp();
    pay(before, 2, 70);
    const holder = await hold("live.db");
    before.close();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    const after = open();
    pay(after, 3, 600);
    await holder.writeAndClose();
    expect(judge(join(data, "live.db"))).toEqual(["ok", 605, 2]);
    after.close();
    expect(judge(join(data, "live.db"))).toEqual(["ok", 605, 2]);
    expect((await world.undo()).status).toBe("Succeeded");
    // With what its holder still wrote into it.
    expect(judge(join(data, "live.db"))).toEqual(["ok", 8075, 3]);
  });

  it("may be restored so while only its log has changed since", async () => {
    const before = openLog();
    pay(before, 1, 5);
    before.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const backup = await backUp();
    pay(before, 2, 70);
    const holder = await hold("log.db");
    before.close();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    const after = openLog();
    pay(after, 3, 600);
    await holder.writeAndClose();
    expect(judge(join(data, "log.db"))).toEqual(["ok", 605, 2]);
    after.close();
    expect(judge(join(data, "log.db"))).toEqual(["ok", 605, 2]);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 8075, 3]);
  });

  it("that nobody has open is an ordinary file, copied from the backup before when it has not changed", async () => {
    const database = new Libsql(join(data, "closed.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance)");
    database.exec("INSERT INTO accounts VALUES (1, 5)");
    database.close();
    writeFileSync(join(data, "fake.db"), "SQLite format 3\0".padEnd(1024, "?"));
    const backup = await backUp();
    const files = await databasesIn(await archiveOf(backup));
    expect([...files.keys()]).toEqual(["closed.db", "fake.db"]);
    expect(files.get("closed.db")?.equals(readFileSync(join(data, "closed.db")))).toBe(true);
    expect(existsSync(join(data, "closed.db-shm"))).toBe(false);
  });

  it("whose last user goes while the site is listed is whole without what was listed beside it", async () => {
    const database = openLog();
    pay(database, 1, 5);
    const real = withFiles({
      async *list(signal) {
        yield* real.list(signal);
        database.close();
      },
    });
    const backup = await backUp();
    expect([backup.status, backup.log]).toEqual(["Succeeded", undefined]);
    expect(await judgeLog(backup)).toEqual(["ok", 5, 1]);
  });

  it("that somebody opens and writes to while it is read at rest is read once more", async () => {
    const before = openLog();
    pay(before, 1, 5);
    before.close();
    const users: Libsql.Database[] = [];
    const real = withFiles({
      async *databasePages(path, signal) {
        for await (const piece of real.databasePages?.(path, signal) ?? []) {
          yield piece;
          if (users.length > 0) continue;
          const user = openLog();
          users.push(user);
          pay(user, 2, 70);
          user.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        }
      },
    });
    const backup = await backUp();
    expect(backup.status).toBe("Succeeded");
    expect(await judgeLog(backup)).toEqual(["ok", 75, 2]);
    for (const user of users) user.close();
  });

  it("that is written to twenty times in a row while it is read at rest is whole all the same", async () => {
    const before = openLog();
    pay(before, 1, 5);
    before.close();
    let busy = 20;
    const real = withFiles({
      databasePages: async function* (path, signal) {
        if (busy-- > 0) throw new FileUnreadable(path, "it was written to while it was read.", { passes: true });
        yield* real.databasePages?.(path, signal) ?? [];
      },
    });
    const backup = await backUp();
    expect([backup.status, backup.log]).toEqual(["Succeeded", undefined]);
    expect(await judgeLog(backup)).toEqual(["ok", 5, 1]);
  });

  it("that was at rest for long and is written to while it is packed makes the backup no more than partial", async () => {
    const before = openLog();
    pay(before, 1, 5);
    before.close();
    let second = 1_000_000;
    const real = withFiles({
      now: async () => (await real.now()) + 120_000_000_000n,
      // What is read through the port is read here.
      localRoots: undefined,
      at: undefined,
      read: async (path, offset, length, signal) => {
        const bytes = await real.read(path, offset, length, signal);
        if (path.endsWith("/log.db")) utimesSync(join(data, "log.db"), ++second, second);
        return bytes;
      },
    });
    const backup = await backUp();
    expect(backup.status).toBe("PartiallySucceeded");
    expect(backup.log).toMatch(/App_Data\/log\.db: Warning: it is a SQLite database that somebody .*wrote to/);
  });

  /** Writes to the database, and is killed before its log goes into it. */
  const useAndDie = async (): Promise<void> => {
    const user = spawn(process.execPath, ["-e", dying, join(data, "log.db")], { stdio: ["ignore", "pipe", "inherit"] });
    await once(user.stdout, "data");
    user.kill("SIGKILL");
    await once(user, "close");
    expect(existsSync(join(data, "log.db-wal"))).toBe(true);
  };

  /** Backs up a database with one row, and gives the live one another form. */
  const backUpAndChange = async (): Promise<Backup> => {
    const before = openLog();
    pay(before, 1, 5);
    before.close();
    const backup = await backUp();
    const after = openLog();
    for (let table = 0; table < 90; table++) after.exec(`CREATE TABLE more${table} (x)`);
    pay(after, 2, 70);
    after.close();
    return backup;
  };

  it("comes back by an undo without the log of the one that was restored", async () => {
    const backup = await backUpAndChange();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 5, 1]);
    await useAndDie();
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 75, 2]);
  });

  it("that a restore removed comes back by an undo without the log of one that was made in its place", async () => {
    const backup = await backUp();
    const before = openLog();
    for (let table = 0; table < 90; table++) before.exec(`CREATE TABLE more${table} (x)`);
    pay(before, 1, 5);
    before.close();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    openLog().close();
    await useAndDie();
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 5, 1]);
  });

  it("comes back by an undo as it was where only its log had changed", async () => {
    const before = openLog();
    pay(before, 1, 5);
    before.close();
    const backup = await backUp();
    await useAndDie();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    const after = openLog();
    expect(existsSync(join(data, "log.db-wal"))).toBe(true);
    for (let table = 0; table < 90; table++) after.exec(`CREATE TABLE more${table} (x)`);
    after.close();
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 305, 301]);
  });

  it("that the filter leaves out keeps what it has, though its log was not left out", async () => {
    writeFileSync(join(world.home, "site/wwwroot/_backup.filter"), "\\site\\wwwroot\\App_Data\\log.db\n");
    const before = openLog();
    pay(before, 1, 5);
    const backup = await backUp();
    before.close();
    const after = openLog();
    for (let table = 0; table < 90; table++) after.exec(`CREATE TABLE more${table} (x)`);
    pay(after, 2, 70);
    after.close();
    const operation = await world.restore(backup);
    expect(operation.status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 75, 2]);
  });

  it("is restored without a log that came right before the exchange, which an undo brings back", async () => {
    const backup = await backUpAndChange();
    const { swapIn } = world.steps();
    const operation = await world.restore(
      backup,
      {},
      { swapIn: async (...given) => (await useAndDie(), swapIn(...given)) },
    );
    expect(operation.status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 5, 1]);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(judge(join(data, "log.db"))).toEqual(["ok", 75 + 300, 2 + 300]);
  });
});
