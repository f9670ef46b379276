import { writeSync } from "node:fs";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Catalog } from "../../src/ports/catalog.ts";

/** A process of its own with a catalog: what tests kill, and what they run twice at once. */

/** Writes for ever, eight batches at a time, and says "writer number" for each once it is acknowledged. */
const writeForEver = async (path: string): Promise<void> => {
  const catalog = await openSqliteCatalog(path);
  const write = async (writer: string): Promise<never> => {
    for (let n = ((await catalog.get("counts", writer))?.value["n"] as number | undefined) ?? 0; ; n++) {
      const text = "x".repeat((n * 977) % 5000);
      const isDone = await catalog.write("counts", [
        { kind: "insert", key: `${writer} ${String(n + 1).padStart(8, "0")}`, value: { n: n + 1, text } },
        { kind: "put", key: writer, value: { n: n + 1 } },
        ...(n < 50 ? [] : [{ kind: "remove", key: `${writer} ${String(n - 49).padStart(8, "0")}` } as const]),
      ]);
      if (!isDone) throw new Error(`${writer} ${n} was refused.`);
      writeSync(1, `${writer} ${n + 1}\n`);
    }
  };
  await Promise.all(Array.from("abcdefgh", write));
};

/** Takes `steps` steps of a count that others count in too; each step leaves a row. */
const countTogether = async (catalog: Catalog, name: string, steps: number): Promise<void> => {
  for (let taken = 0; taken < steps;) {
    const row = await catalog.get("together", "count");
    const n = (row?.value["n"] as number | undefined) ?? 0;
    const value = { n: n + 1 };
    const isMine = await catalog.write("together", [
      row ? { kind: "replace", key: "count", value, version: row.version } : { kind: "insert", key: "count", value },
      { kind: "insert", key: `step ${String(n).padStart(6, "0")}`, value: { name } },
    ]);
    if (isMine) taken++;
  }
};

const [mode, ...given] = process.argv.slice(2);
if (mode === "sqlite") await writeForEver(String(given[0]));
else {
  const [connection, table, name, steps] = given;
  const catalog = await openTableCatalog({ connection: new Secret(String(connection)), table: String(table) });
  await countTogether(catalog, String(name), Number(steps));
  await catalog.close();
}
