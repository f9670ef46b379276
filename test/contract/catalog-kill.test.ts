import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { endOf, startCatalogProgram } from "./catalog-child.ts";

const writers = 8;
const kills = Number(process.env["LIFEBOAT_KILLS"] ?? 3);

describe("a process that is killed while it writes to SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-kill-"));
  const path = join(folder, "lifeboat.db");
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it(`leaves every acknowledged batch whole, ${kills} times in a row`, async () => {
    const acknowledged = new Map<string, number>();
    for (let kill = 0; kill < kills; kill++) {
      const child = await startCatalogProgram("sqlite", path);
      const end = endOf(child);
      // Once each writer has come to a word, later from the first one on, for a random while: the moment is what is tested.
      await heardOf(child, kill === 0 ? writers : 1);
      await wait(Math.random() * 400);
      await expect(openSqliteCatalog(path)).rejects.toThrow(`${folder} is in use by another Lifeboat`);
      child.kill("SIGKILL");
      const { said, complained } = await end;
      expect(complained).toBe("");
      // The last line may be cut.
      for (const line of said.split("\n").slice(0, -1)) {
        const [writer = "", n] = line.split(" ");
        acknowledged.set(writer, Number(n));
      }
      const catalog = await openSqliteCatalog(path);
      for (const [writer, n] of acknowledged) await expectWhole(catalog, writer, n);
      await catalog.close();
    }
    expect(acknowledged.size).toBe(writers);
  });
});

/** Until so many writers have said something. */
const heardOf = (child: ChildProcess, count: number): Promise<void> =>
  new Promise((resolve) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const lines = said.split("\n").slice(0, -1);
      if (new Set(lines.map((line) => line.split(" ")[0])).size >= count) resolve();
    });
  });

/** The count is at least what was acknowledged, and the rows are exactly those of that count: no batch is half there. */
const expectWhole = async (catalog: Catalog, writer: string, acknowledged: number): Promise<void> => {
  const count = Number((await catalog.get("counts", writer))?.value["n"]);
  expect(count).toBeGreaterThanOrEqual(acknowledged);
  expect(count).toBeLessThanOrEqual(acknowledged + 1);
  const rows = await catalog.list("counts", { prefix: `${writer} ` });
  const first = Math.max(1, count - 49);
  expect(rows.map((row) => row.value["n"])).toEqual(Array.from({ length: count - first + 1 }, (_, n) => first + n));
};
