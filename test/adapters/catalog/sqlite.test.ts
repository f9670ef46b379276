import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileFailure } from "../../../src/adapters/catalog/sqlite-failure.ts";
import { openSqliteCatalog } from "../../../src/adapters/catalog/sqlite.ts";
import type { RowChange } from "../../../src/ports/catalog.ts";
import { asNobody } from "../../support/as-nobody.ts";

const put = (key: string, text = ""): RowChange => ({ kind: "put", key, value: { text } });

describe("the catalog's file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-sqlite-"));
    path = join(folder, "lifeboat.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("belongs to one catalog at a time, and the refusal names the data folder", async () => {
    const catalog = await openSqliteCatalog(path);
    await expect(openSqliteCatalog(path)).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining(`${folder} is in use by another Lifeboat`),
    });
    await catalog.close();
    await (await openSqliteCatalog(path)).close();
  });

  it("can be read by its owner alone, and so can the log beside it", async () => {
    const catalog = await openSqliteCatalog(path);
    await catalog.write("p", [put("a")]);
    expect([path, `${path}-wal`].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    await catalog.close();
  });

  it("is whole by itself once the catalog is closed", async () => {
    const catalog = await openSqliteCatalog(path);
    await catalog.write("p", [put("a")]);
    await catalog.close();
    expect(() => statSync(`${path}-wal`)).toThrow("ENOENT");
    expect(new Database(path).prepare("SELECT count(*) AS n FROM rows").raw().get()).toEqual([1]);
  });

  it("never gives a version twice, also when all that had it is removed and the catalog was closed since", async () => {
    const versions: (string | undefined)[] = [];
    for (let start = 0; start < 3; start++) {
      const catalog = await openSqliteCatalog(path);
      await catalog.write("p", [put("a", "the same")]);
      versions.push((await catalog.get("p", "a"))?.version);
      await catalog.write("p", [{ kind: "remove", key: "a" }]);
      await catalog.close();
    }
    expect(new Set(versions).size).toBe(3);
    expect(versions).not.toContain(undefined);
  });

  it("takes the writes of one turn in one transaction", async () => {
    const catalog = await openSqliteCatalog(path);
    const before = statSync(`${path}-wal`).size;
    await Promise.all(Array.from({ length: 200 }, (_, n) => catalog.write("p", [put("a", String(n))])));
    const pages = (statSync(`${path}-wal`).size - before) / 4096;
    expect(pages).toBeLessThan(10);
    expect((await catalog.get("p", "a"))?.value).toEqual({ text: "199" });
    await catalog.close();
  });

  it("of a newer schema is refused and left as it is", async () => {
    await (await openSqliteCatalog(path)).close();
    const newer = (schema: number): unknown =>
      new Database(path).exec(`UPDATE meta SET value = ${schema} WHERE name = 'schema'`);
    newer(2);
    await expect(openSqliteCatalog(path)).rejects.toMatchObject({
      kind: "Unavailable",
      message: `${path} belongs to another version of Lifeboat (its schema is 2, this one knows 1). Start that version.`,
    });
    newer(1);
    await (await openSqliteCatalog(path)).close();
  });

  it("that is no database is refused in one line and left as it is", async () => {
    writeFileSync(path, "not a database ".repeat(1000));
    await expect(openSqliteCatalog(path)).rejects.toMatchObject({
      kind: "Unavailable",
      message: `${path} is damaged: file is not a database. Move it away, or put back a copy of it.`,
    });
    expect(statSync(path).size).toBe(15_000);
  });

  const filled = async (): Promise<void> => {
    const catalog = await openSqliteCatalog(path);
    for (let n = 0; n < 20; n++) await catalog.write("p", [put(`row ${n}`, "x".repeat(50_000))]);
    await catalog.close();
  };

  it("that lost its end is refused as damaged", async () => {
    await filled();
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    await expect(openSqliteCatalog(path)).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining(`${path} is damaged`),
    });
  });

  it("that lost pages in the middle fails when they are read, and can still be closed", async () => {
    await filled();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(40 * 4096, 0x55), 0, 40 * 4096, 4 * 4096);
    closeSync(file);
    const catalog = await openSqliteCatalog(path);
    await expect(catalog.list("p")).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining(`${path} is damaged`),
    });
    await expect(catalog.close()).resolves.toBeUndefined();
  });

  it.each([
    ["letters that are no UTF-8", 0xff],
    ["letters that are no JSON", 0x22],
  ])("that has %s in a row fails when it is read, and goes on with the others", async (_, byte) => {
    const first = await openSqliteCatalog(path);
    await first.write("p", [put("damaged", "look here")]);
    await first.write("q", [put("whole", "text")]);
    await first.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.of(byte), 0, 1, readFileSync(path).indexOf("look here") + 2);
    closeSync(file);
    const catalog = await openSqliteCatalog(path);
    const damaged = {
      kind: "Unavailable",
      message: `${path} is damaged: a row of p is not what was written. Move it away, or put back a copy of it.`,
    };
    await expect(catalog.get("p", "damaged")).rejects.toMatchObject(damaged);
    await expect(catalog.list("p")).rejects.toMatchObject(damaged);
    expect(await catalog.list("q")).toHaveLength(1);
    await catalog.close();
  });

  it("in a folder that is missing, or that is a folder itself, is refused with its name", async () => {
    const inside = join(folder, "missing", "lifeboat.db");
    await expect(openSqliteCatalog(inside)).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining(inside),
    });
    mkdirSync(path);
    await expect(openSqliteCatalog(path)).rejects.toMatchObject({ kind: "Unavailable" });
  });

  it("that may not be written is refused as such", async () => {
    await (await openSqliteCatalog(path)).close();
    chmodSync(path, 0o400);
    chmodSync(folder, 0o755);
    await asNobody(async () => {
      await expect(openSqliteCatalog(path)).rejects.toMatchObject({
        kind: "AccessDenied",
        message: expect.stringContaining("Check who owns it"),
      });
    });
  });

  it("in a folder that may not be written is refused as such", async () => {
    await (await openSqliteCatalog(path)).close();
    chmodSync(path, 0o666);
    chmodSync(folder, 0o755);
    await asNobody(async () => {
      if (process.geteuid?.() === statSync(folder).uid) chmodSync(folder, 0o555);
      await expect(openSqliteCatalog(path)).rejects.toMatchObject({
        kind: "AccessDenied",
        message: expect.stringContaining("Check who owns it and its folder"),
      });
    });
    chmodSync(folder, 0o755);
  });
});

describe("what SQLite and the file system refuse", () => {
  const failure = (code: string): unknown =>
    fileFailure("/data/lifeboat.db", Object.assign(new Error("why"), { code }));

  it.each([
    [
      "SQLITE_FULL",
      "Full",
      "The disk of /data/lifeboat.db is full. Free some space; nothing that was acknowledged is lost.",
    ],
    [
      "ENOSPC",
      "Full",
      "The disk of /data/lifeboat.db is full. Free some space; nothing that was acknowledged is lost.",
    ],
    [
      "SQLITE_BUSY_RECOVERY",
      "Unavailable",
      "The data folder /data is in use by another Lifeboat. Stop that one, or choose another data folder.",
    ],
    [
      "SQLITE_READONLY_DIRECTORY",
      "AccessDenied",
      "/data/lifeboat.db cannot be written: why. Check who owns it and its folder.",
    ],
    ["EROFS", "AccessDenied", "/data/lifeboat.db cannot be written: why. Check who owns it and its folder."],
    [
      "SQLITE_CORRUPT_INDEX",
      "Unavailable",
      "/data/lifeboat.db is damaged: why. Move it away, or put back a copy of it.",
    ],
    [
      "SQLITE_IOERR_FSYNC",
      "Unavailable",
      "/data/lifeboat.db cannot be used: why (SQLITE_IOERR_FSYNC). Check the disk.",
    ],
    ["EIO", "Unavailable", "/data/lifeboat.db cannot be used: why (EIO). Check the disk."],
  ])("%s is %s", (code, kind, message) => {
    expect(failure(code)).toMatchObject({ kind, message });
  });

  it("a bug stays what it is", () => {
    const bug = new TypeError("bug");
    expect(fileFailure("/data/lifeboat.db", bug)).toBe(bug);
  });
});
