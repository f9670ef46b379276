import { afterEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import type { Catalog, KeyRange, Row, RowChange, RowValue } from "../../src/ports/catalog.ts";
import { catalogLimits } from "./catalog-contract-limits.ts";

/** A store that the suite may open more than once, as a process does that is started again. */
interface CatalogStore {
  open(): Promise<Catalog>;
  /** Whether a second open catalog sees the same rows; SQLite and memory belong to one process. */
  readonly isShared: boolean;
  /** Whether rows are there after close and open. */
  readonly lasts: boolean;
  /** Keys that the store behind cannot take although the port allows them, with the reason. */
  readonly refusesKey?: (key: string) => boolean;
}

let names = 0;
/** A partition that no other test uses. */
export const newPartition = (): string => `partition!${++names}`;

export const put = (key: string, value: RowValue = { key }): RowChange => ({ kind: "put", key, value });
export const insert = (key: string, value: RowValue = { key }): RowChange => ({ kind: "insert", key, value });
export const replace = (row: Row, value: RowValue): RowChange => ({
  kind: "replace",
  key: row.key,
  value,
  version: row.version,
});
export const remove = (key: string, version?: string): RowChange =>
  version === undefined ? { kind: "remove", key } : { kind: "remove", key, version };

/** The row, which must be there. */
export const existing = async (catalog: Catalog, partition: string, key: string): Promise<Row> => {
  const row = await catalog.get(partition, key);
  if (row === undefined) throw new Error(`${partition} has no row ${key}.`);
  return row;
};

/** Every sentence of src/ports/catalog.ts, for any implementation. */
export const catalogContract = (store: CatalogStore): void => {
  const opened: Catalog[] = [];
  const open = async (): Promise<Catalog> => {
    const catalog = await store.open();
    opened.push(catalog);
    return catalog;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((catalog) => catalog.close()));
  });

  describe("one row", () => oneRow(open));
  describe("news", () => news(open));
  describe("conflicts", () => conflicting(open));
  describe("versions", () => versions(open));
  describe("lists", () => lists(open, store.refusesKey ?? (() => false)));
  describe("many writers", () => manyWriters(open));
  describe("limits", () => catalogLimits(open));
  describe("a catalog's end", () => endings(open, store));
};

type Open = () => Promise<Catalog>;

const news = (open: Open): void => {
  it("is put like any row, the latest counts, and it stands among the others", async () => {
    const catalog = await open();
    const partition = newPartition();
    await catalog.write(partition, [put("a"), put("c")]);
    await catalog.writeNews(partition, { key: "b", value: { percent: 1 } });
    await Promise.all([
      catalog.writeNews(partition, { key: "b", value: { percent: 2 } }),
      catalog.write(partition, [put("d")]),
    ]);
    expect(await catalog.get(partition, "b")).toMatchObject({ value: { percent: 2 } });
    expect((await catalog.list(partition)).map(({ key }) => key)).toEqual(["a", "b", "c", "d"]);
  });

  it("changes the row's version, and is refused where its key or value is", async () => {
    const catalog = await open();
    const partition = newPartition();
    await catalog.write(partition, [put("a")]);
    const before = await existing(catalog, partition, "a");
    await catalog.writeNews(partition, { key: "a", value: { percent: 1 } });
    expect(await catalog.write(partition, [replace(before, {})])).toBe(false);
    await expect(catalog.writeNews(partition, { key: "a/b", value: {} })).rejects.toMatchObject({ kind: "Invalid" });
  });
};

const oneRow = (open: Open): void => {
  it("is undefined when it was never written", async () => {
    expect(await (await open()).get(newPartition(), "none")).toBeUndefined();
  });

  it("comes back with the value that was written", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const value = { text: "é \"'\\ \u2028 😀 \ud800 {x} \n", list: [1, -0.5, null, { deep: true }], empty: {}, "": "" };
    expect(await catalog.write(partition, [insert("a", value)])).toBe(true);
    expect((await existing(catalog, partition, "a")).value).toEqual(value);
  });

  it("leaves out what is undefined, as JSON does", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a", { gone: undefined, kept: 1 })]);
    expect(Object.keys((await existing(catalog, partition, "a")).value)).toEqual(["kept"]);
  });

  it("is replaced as a whole, and nothing of a longer value stays", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a", { long: "x".repeat(100_000), other: 1 })]);
    await catalog.write(partition, [put("a", { short: 1 })]);
    expect((await existing(catalog, partition, "a")).value).toEqual({ short: 1 });
  });

  it("does not change when the caller changes what it wrote or read", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const value = { list: [1] };
    await catalog.write(partition, [put("a", value)]);
    value.list.push(2);
    const read = (await existing(catalog, partition, "a")).value;
    (read["list"] as number[]).push(3);
    expect((await existing(catalog, partition, "a")).value).toEqual({ list: [1] });
  });

  it("lies in its own partition", async () => {
    const [catalog, one, other] = [await open(), newPartition(), newPartition()];
    await catalog.write(one, [put("a", { of: 1 })]);
    await catalog.write(other, [put("a", { of: 2 })]);
    await catalog.write(other, [remove("a")]);
    expect((await existing(catalog, one, "a")).value).toEqual({ of: 1 });
    expect(await catalog.get(other, "a")).toBeUndefined();
  });

  it("is gone after its removal", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a"), put("b")]);
    const row = await existing(catalog, partition, "a");
    expect(await catalog.write(partition, [remove("a", row.version), remove("b")])).toBe(true);
    expect(await catalog.list(partition)).toEqual([]);
  });
};

const conflicting = (open: Open): void => {
  const given = async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a", { at: 1 }), put("b", { at: 1 })]);
    const old = await existing(catalog, partition, "a");
    await catalog.write(partition, [put("a", { at: 2 })]);
    return { catalog, partition, old, row: await existing(catalog, partition, "a") };
  };

  it.each([
    ["an insert of a key that exists", () => insert("a")],
    ["a replace with an old version", (old: Row) => replace(old, {})],
    ["a replace of a row that is gone", (old: Row) => ({ ...replace(old, {}), key: "none" })],
    ["a removal with an old version", (old: Row) => remove("a", old.version)],
    ["a removal by version of a row that is gone", (old: Row) => remove("none", old.version)],
  ])("%s is false, and nothing of its batch is written", async (_, change: (old: Row) => RowChange) => {
    const { catalog, partition, old } = await given();
    const before = await catalog.list(partition);
    expect(await catalog.write(partition, [put("b", { at: 9 }), insert("new"), change(old)])).toBe(false);
    expect(await catalog.write(partition, [change(old), put("b", { at: 9 }), insert("new")])).toBe(false);
    expect(await catalog.list(partition)).toEqual(before);
  });

  it("a put takes no notice of what is there", async () => {
    const { catalog, partition } = await given();
    expect(await catalog.write(partition, [put("a", { at: 3 }), put("new", { at: 3 })])).toBe(true);
    expect((await catalog.list(partition)).map((row) => row.value)).toEqual([{ at: 3 }, { at: 1 }, { at: 3 }]);
  });

  it("a removal without a version is no conflict when the row is gone, alone and in a batch", async () => {
    const { catalog, partition, row } = await given();
    expect(await catalog.write(partition, [remove("none")])).toBe(true);
    const changes = [remove("none"), replace(row, { at: 4 }), remove("b"), remove("none either"), insert("new")];
    expect(await catalog.write(partition, changes)).toBe(true);
    expect((await catalog.list(partition)).map(({ key }) => key)).toEqual(["a", "new"]);
    expect((await existing(catalog, partition, "a")).value).toEqual({ at: 4 });
  });

  it("a removal of a row that is gone does not hide another change's conflict", async () => {
    const { catalog, partition, old } = await given();
    expect(await catalog.write(partition, [remove("none"), replace(old, {}), remove("b")])).toBe(false);
    expect((await catalog.list(partition)).map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("a batch mixes all kinds, and all of it is there afterwards", async () => {
    const { catalog, partition, row } = await given();
    const b = await existing(catalog, partition, "b");
    const changes = [insert("c", { n: 1 }), replace(row, { n: 2 }), remove("b", b.version), put("d", { n: 3 })];
    expect(await catalog.write(partition, changes)).toBe(true);
    expect((await catalog.list(partition)).map(({ key, value }) => [key, value])).toEqual([
      ["a", { n: 2 }],
      ["c", { n: 1 }],
      ["d", { n: 3 }],
    ]);
  });

  it("no change at all is true", async () => {
    expect(await (await open()).write(newPartition(), [])).toBe(true);
  });
};

const versions = (open: Open): void => {
  it("change with every write, also one of equal content, and never come back after a removal", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const seen = new Set<string>();
    for (let round = 0; round < 10; round++) {
      await catalog.write(partition, [insert("a", { same: true })]);
      seen.add((await existing(catalog, partition, "a")).version);
      await catalog.write(partition, [put("a", { same: true })]);
      const row = await existing(catalog, partition, "a");
      seen.add(row.version);
      await catalog.write(partition, [replace(row, { same: true })]);
      seen.add((await existing(catalog, partition, "a")).version);
      await catalog.write(partition, [remove("a")]);
    }
    expect(seen.size).toBe(30);
  });

  it("stay while others of the partition are written, and are the same in get and list", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a"), put("b")]);
    const row = await existing(catalog, partition, "a");
    await catalog.write(partition, [put("b"), remove("c")]);
    expect(await existing(catalog, partition, "a")).toEqual(row);
    expect((await catalog.list(partition))[0]).toEqual(row);
  });
};

const lists = (open: Open, refuses: (key: string) => boolean): void => {
  const keys = ["A", "B!1", "B!10", "B!2", "B~", "C", "a b", "b", "~", "~~"];
  const given = async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(
      partition,
      keys.toReversed().map((key) => put(key)),
    );
    const list = async (range?: KeyRange) => (await catalog.list(partition, range)).map(({ key }) => key);
    return list;
  };

  it("are empty for a partition without rows", async () => {
    expect(await (await open()).list(newPartition())).toEqual([]);
  });

  it.each<[KeyRange, readonly string[]]>([
    [{}, keys],
    [{ prefix: "B" }, ["B!1", "B!10", "B!2", "B~"]],
    [{ prefix: "B!1" }, ["B!1", "B!10"]],
    [{ prefix: "B~" }, ["B~"]],
    [{ prefix: "~" }, ["~", "~~"]],
    [{ prefix: "none" }, []],
    [{ from: "B!10" }, ["B!10", "B!2", "B~", "C", "a b", "b", "~", "~~"]],
    [{ from: "B!11" }, ["B!2", "B~", "C", "a b", "b", "~", "~~"]],
    [{ before: "B!10" }, ["A", "B!1"]],
    [{ from: "B!10", before: "C" }, ["B!10", "B!2", "B~"]],
    [{ from: "C", before: "B" }, []],
    [{ prefix: "B", from: "A", before: "z" }, ["B!1", "B!10", "B!2", "B~"]],
    [{ prefix: "B", from: "B!10", before: "B~" }, ["B!10", "B!2"]],
    [{ limit: 3 }, ["A", "B!1", "B!10"]],
    [{ limit: 0 }, []],
    [{ limit: 100 }, keys],
    [{ prefix: "B", from: "B!10", limit: 1 }, ["B!10"]],
  ])("%j gives its keys in order", async (range, expected) => {
    expect(await (await given())(range)).toEqual(expected);
  });

  it("are ordered by code unit, with every character that keys may have", async () => {
    const catalog = await open();
    const key = fc
      .string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)), minLength: 1 })
      .filter((text) => !/[/\\#?%]/.test(text) && !refuses(text));
    const rows = fc.uniqueArray(key, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(rows, key, key, async (written, from, before) => {
        const partition = newPartition();
        await catalog.write(
          partition,
          written.map((name) => insert(name, { name })),
        );
        const expected = written.filter((name) => name >= from && name < before).toSorted((a, b) => (a < b ? -1 : 1));
        const found = await catalog.list(partition, { from, before });
        expect(found.map((row) => [row.key, row.value["name"]])).toEqual(expected.map((name) => [name, name]));
      }),
      { numRuns: 25 },
    );
  });

  it("are complete beyond any page size of the store", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const all = Array.from({ length: 2300 }, (_, index) => `row ${String(index).padStart(5, "0")}`);
    for (let start = 0; start < all.length; start += 100)
      await catalog.write(
        partition,
        all.slice(start, start + 100).map((key) => put(key)),
      );
    const keysOf = (rows: readonly Row[]): readonly string[] => rows.map((row) => row.key);
    expect(keysOf(await catalog.list(partition))).toEqual(all);
    expect(keysOf(await catalog.list(partition, { from: "row 00100", limit: 1500 }))).toEqual(all.slice(100, 1600));
  });
};

const manyWriters = (open: Open): void => {
  it("of one new key: exactly one wins", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => catalog.write(partition, [insert("lock", { writer })])),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect((await existing(catalog, partition, "lock")).value).toEqual({ writer: outcomes.indexOf(true) });
  });

  it("of one version: exactly one wins, and only its batch is written", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("site", { writer: -1 })]);
    const row = await existing(catalog, partition, "site");
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) =>
        catalog.write(partition, [insert(`backup ${writer}`, { writer }), replace(row, { writer })]),
      ),
    );
    const winner = outcomes.indexOf(true);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect((await existing(catalog, partition, "site")).value).toEqual({ writer: winner });
    expect((await catalog.list(partition, { prefix: "backup" })).map((each) => each.value)).toEqual([
      { writer: winner },
    ]);
  });

  it("that count in one row lose no step", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [insert("count", { n: 0 })]);
    const step = async (): Promise<void> => {
      for (;;) {
        const row = await existing(catalog, partition, "count");
        if (await catalog.write(partition, [replace(row, { n: Number(row.value["n"]) + 1 })])) return;
      }
    };
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let round = 0; round < 5; round++) await step();
      }),
    );
    expect((await existing(catalog, partition, "count")).value).toEqual({ n: 50 });
  });

  it("in one turn of the event loop each get their own answer", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const [alone, withB, other] = await Promise.all([
      catalog.write(partition, [insert("a")]),
      catalog.write(partition, [insert("a"), insert("b")]),
      catalog.write(partition, [put("c")]),
    ]);
    expect(alone).toBe(!withB);
    expect(other).toBe(true);
    expect((await catalog.list(partition)).map(({ key }) => key)).toEqual(withB ? ["a", "b", "c"] : ["a", "c"]);
  });
};

const endings = (open: Open, store: CatalogStore): void => {
  it("later calls throw", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.close();
    await expect(catalog.get(partition, "a")).rejects.toThrow("closed");
    await expect(catalog.list(partition)).rejects.toThrow("closed");
    await expect(catalog.write(partition, [put("a")])).rejects.toThrow("closed");
  });

  it("closing twice is no error", async () => {
    const catalog = await open();
    await catalog.close();
    await expect(catalog.close()).resolves.toBeUndefined();
  });

  if (store.lasts) rowsThatLast(open);
  if (store.isShared) rowsThatAreShared(open);
};

const rowsThatLast = (open: Open): void => {
  it("rows and versions outlast it", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    await catalog.write(partition, [put("a", { of: "before" }), put("b")]);
    const b = await existing(catalog, partition, "b");
    const row = await existing(catalog, partition, "a");
    await catalog.write(partition, [remove("b")]);
    await catalog.close();
    const again = await open();
    expect(await existing(again, partition, "a")).toEqual(row);
    expect(await again.write(partition, [replace(row, { of: "after" })])).toBe(true);
    await again.write(partition, [insert("b")]);
    expect((await existing(again, partition, "b")).version).not.toBe(b.version);
  });

  it("a write that is under way when it closes is finished first", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const written = catalog.write(partition, [put("a")]);
    await catalog.close();
    await written;
    expect(await (await open()).get(partition, "a")).toBeDefined();
  });
};

const rowsThatAreShared = (open: Open): void => {
  it("another open catalog sees every acknowledged write at once", async () => {
    const [one, other, partition] = [await open(), await open(), newPartition()];
    for (let n = 0; n < 20; n++) {
      await one.write(partition, [put("a", { n })]);
      const row = await existing(other, partition, "a");
      expect(row.value).toEqual({ n });
      await other.write(partition, [replace(row, { n: 1000 + n })]);
      expect((await existing(one, partition, "a")).value).toEqual({ n: 1000 + n });
    }
  });
};
