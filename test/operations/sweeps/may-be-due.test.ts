import { expect, it } from "vitest";
import { MemoryCatalog } from "../../support/memory-catalog.ts";
import { mayBeDue } from "../../../src/operations/sweeps/may-be-due.ts";
import { dueRunKey, schedulePartition } from "../../../src/operations/rows/keys.ts";
import { changeConfiguration } from "../../../src/operations/rows/schedule-rows.ts";
import type { Catalog } from "../../../src/ports/catalog.ts";
import { shop } from "../../support/installation.ts";
import { catalogWith } from "../../support/catalog-with.ts";

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 21, 12, minute));

const planned = (catalog: Catalog, nextRun: Date | undefined) =>
  changeConfiguration(catalog, shop, () =>
    nextRun === undefined
      ? "none"
      : { site: shop, isOwn: true, backupName: "shop", enabled: true, nextRun: nextRun.toISOString() },
  );

it("is told of what another process plans sooner than anything that was known", async () => {
  const catalog = new MemoryCatalog();
  await planned(catalog, at(50));
  expect(await mayBeDue(catalog, at(10))).toBe(false);
  // As another process sees the same rows.
  await planned(catalogWith(catalog), at(11));
  expect(await mayBeDue(catalog, at(11))).toBe(true);
});

it("is told in the very moment it comes due, and no more when its schedule is gone", async () => {
  const catalog = new MemoryCatalog();
  await planned(catalog, at(20));
  expect(await mayBeDue(catalog, at(19))).toBe(false);
  expect(await mayBeDue(catalog, at(20))).toBe(true);
  await planned(catalog, undefined);
  expect(await mayBeDue(catalog, at(21))).toBe(false);
});

it("looks again now and then, should a due row have been added in silence", async () => {
  const catalog = new MemoryCatalog();
  expect(await mayBeDue(catalog, at(0))).toBe(false);
  const value = { site: { ...shop }, at: at(0).toISOString() };
  await catalog.write(schedulePartition, [{ kind: "put", key: dueRunKey(value.at, shop), value }]);
  const ticks: boolean[] = [];
  for (let tick = 1; tick <= 20; tick++) ticks.push(await mayBeDue(catalog, at(tick)));
  expect(ticks).toContain(true);
});
