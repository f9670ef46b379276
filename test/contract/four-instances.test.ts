import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { parseConfigurationRequest } from "../../src/api/wire/backup-request.ts";
import { Secret } from "../../src/domain/secret.ts";
import { putBackupConfiguration } from "../../src/operations/backups/backup-configuration.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readOpenRuns } from "../../src/operations/rows/open-run-rows.ts";
import { startDue } from "../../src/operations/sweeps/start-due.ts";
import { takeUpRuns } from "../../src/operations/sweeps/take-up-runs.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { scheduledSiteCount } from "../support/long-runs.ts";
import { describeWith } from "../support/needs.ts";
import { plannedWorld, siteNamed } from "../support/planned-world.ts";

/** By how many seconds each instance's clock is wrong. */
const skews = [-240, -30, 0, 200] as const;
const minuteMs = 60_000;
const start = Date.parse("2026-11-21T12:00:00Z");

describeWith("azurite", azuritePresent, "four instances on one table, whose clocks differ by minutes", () => {
  let azurite: Azurite;
  const catalogs: Catalog[] = [];
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterEach(async () => {
    for (const catalog of catalogs.splice(0)) await catalog.close();
  });
  afterAll(() => azurite.stop());

  it("start every planned run of an hour exactly once, all four sweeping at the same time", async () => {
    const names = Array.from({ length: scheduledSiteCount }, (_, index) => `site-${index}`);
    for (const _ of skews)
      catalogs.push(await openTableCatalog({ connection: new Secret(azurite.connectionString), table: "four" }));
    const [catalog] = catalogs;
    if (catalog === undefined) throw new Error("There is no catalog.");
    const world = plannedWorld(names, { catalog, policy: { openRuns: 4 } });
    const instances = skews.map((seconds, index): Installation => ({
      ...world.deps,
      catalog: catalogs[index] ?? catalog,
      clock: { now: () => new Date(world.clock.time.getTime() + seconds * 1_000) },
    }));
    world.clock.time = new Date(start - 10 * minuteMs);
    const planned = new Map<string, string>();
    for (const [index, name] of names.entries()) {
      // Several share a minute.
      const startTime = new Date(start + Math.floor((index * 60) / names.length / 5) * 5 * minuteMs).toISOString();
      planned.set(name, startTime);
      const backupSchedule = { frequencyInterval: 2, frequencyUnit: "Hour", startTime };
      await putBackupConfiguration(world.deps)(
        world.call,
        siteNamed(name),
        parseConfigurationRequest({ properties: { enabled: true, backupSchedule } }),
      );
    }
    for (let minute = -6; minute < 75; minute++) {
      world.clock.time = new Date(start + minute * minuteMs);
      await Promise.all(instances.map((instance) => startDue(instance)(world.call)));
      if (minute % 10 === 0) await Promise.all(instances.map((instance) => takeUpRuns(instance)(world.call)));
      // Each run takes between one minute and two.
      if (minute % 2 === 0) await world.endAll();
    }
    await world.endAll();
    for (const name of names)
      expect(
        (await world.backups(siteNamed(name))).map((backup) => [backup.planned, backup.status]),
        name,
      ).toEqual([[planned.get(name), "Succeeded"]]);
    const runs = world.started.map(({ run }) => run);
    expect(new Set(runs).size).toBe(names.length);
    expect(await readOpenRuns(catalog)).toEqual([]);
  });
});
