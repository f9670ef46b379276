import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { endOf, startCatalogProgram } from "./catalog-child.ts";

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
      // From its first word on, for a random while: the moment is what is tested.
      await new Promise((resolve) => child.stdout?.once("data", resolve));
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
    expect(acknowledged.size).toBe(8);
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
