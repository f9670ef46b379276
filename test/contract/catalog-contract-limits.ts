import { expect, it } from "vitest";
import { Secret } from "../../src/domain/secret.ts";
import type { Catalog, RowValue } from "../../src/ports/catalog.ts";
import { existing, insert, newPartition, put, remove } from "./catalog-contract.ts";

const kib = 1024;

/** The size in bytes of the row's JSON text. */
const rowOf = (bytes: number, unit = "x"): RowValue => {
  const rest = bytes - Buffer.byteLength(JSON.stringify({ text: "" }));
  const unitBytes = Buffer.byteLength(unit);
  const value = { text: unit.repeat(Math.floor(rest / unitBytes)) + "y".repeat(rest % unitBytes) };
  expect(Buffer.byteLength(JSON.stringify(value))).toBe(bytes);
  return value;
};

export const catalogLimits = (open: () => Promise<Catalog>): void => {
  it.each(["x", "é", "漢", "😀"])("a row of 400 KiB of %s comes back, one byte more is refused", async (unit) => {
    const [catalog, partition] = [await open(), newPartition()];
    const value = rowOf(400 * kib, unit);
    expect(await catalog.write(partition, [insert("largest", value)])).toBe(true);
    expect((await existing(catalog, partition, "largest")).value).toEqual(value);
    await expect(catalog.write(partition, [put("larger", rowOf(400 * kib + 1))])).rejects.toMatchObject({
      kind: "Invalid",
    });
  });

  it("pairs of surrogates survive wherever the store cuts the text", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const value = { text: `x${"😀".repeat(40_000)}`, other: "😀".repeat(40_000) };
    await catalog.write(partition, [put("a", value)]);
    expect((await existing(catalog, partition, "a")).value).toEqual(value);
  });

  it("a batch of 3 MiB is written, more is refused", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    // Every quote and backslash counts twice: that is what they take inside a JSON string.
    const quotes = { text: '"'.repeat(30_000) };
    const changes = [put("quotes", quotes), ...Array.from({ length: 7 }, (_, n) => put(`row ${n}`, rowOf(400 * kib)))];
    expect(await catalog.write(partition, changes)).toBe(true);
    expect(await catalog.list(partition)).toHaveLength(8);
    expect((await existing(catalog, partition, "quotes")).value).toEqual(quotes);
    const tooMuch = [...changes, put("more", rowOf(400 * kib))];
    await expect(catalog.write(partition, tooMuch)).rejects.toMatchObject({ kind: "Invalid" });
  });

  it("100 changes are one batch, 101 are refused", async () => {
    const [catalog, partition] = [await open(), newPartition()];
    const changes = Array.from({ length: 101 }, (_, n) => insert(`row ${n}`));
    await expect(catalog.write(partition, changes)).rejects.toMatchObject({ kind: "Invalid" });
    expect(await catalog.write(partition, changes.slice(1))).toBe(true);
    expect(
      await catalog.write(
        partition,
        changes.slice(1).map(({ key }) => remove(key)),
      ),
    ).toBe(true);
    expect(await catalog.list(partition)).toEqual([]);
  });

  it("a key may not come twice in a batch", async () => {
    const catalog = await open();
    await expect(catalog.write(newPartition(), [put("a"), remove("a")])).rejects.toMatchObject({ kind: "Invalid" });
  });

  it("names have 1 to 500 characters", async () => {
    const catalog = await open();
    const longest = `${newPartition()}!`.padEnd(500, "x");
    expect(await catalog.write(longest, [put("k".repeat(500))])).toBe(true);
    expect((await catalog.list(longest)).map(({ key }) => key.length)).toEqual([500]);
    expect(await catalog.get(longest, "k".repeat(500))).toBeDefined();
    for (const name of ["", "k".repeat(501)]) {
      await expect(catalog.get("p", name)).rejects.toMatchObject({ kind: "Invalid" });
      await expect(catalog.get(name, "k")).rejects.toMatchObject({ kind: "Invalid" });
      await expect(catalog.list(name)).rejects.toMatchObject({ kind: "Invalid" });
      await expect(catalog.write("p", [put(name)])).rejects.toMatchObject({ kind: "Invalid" });
    }
  });

  it.each(["a/b", "a\\b", "#", "a?", "50%", "é", "tab\t", "line\n", "\u007f"])("%j is no key", async (key) => {
    await expect((await open()).write(newPartition(), [put(key)])).rejects.toMatchObject({ kind: "Invalid" });
  });

  it.each([
    ["a secret", { inner: { secret: new Secret("hunter2") } }, "value.inner.secret"],
    ["a date", { when: new Date(0) }, "value.when"],
    ["bytes", { bytes: new Uint8Array(1) }, "value.bytes"],
    ["NaN", { list: [1, Number.NaN] }, "value.list.1"],
    ["undefined in a list", { list: [undefined] }, "value.list.0"],
    ["a function", { call: () => 1 }, "value.call"],
  ])("%s is refused, because it would come back as something else", async (_, value: RowValue, where) => {
    const [catalog, partition] = [await open(), newPartition()];
    await expect(catalog.write(partition, [put("a", value)])).rejects.toThrow(where);
    expect(await catalog.get(partition, "a")).toBeUndefined();
  });
};
