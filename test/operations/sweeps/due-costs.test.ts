import { describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { restoreSite } from "../../../src/workflows/restore-site.ts";
import { takeSite } from "../../../src/operations/runs/take-site.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import { watchRuns } from "../../../src/operations/sweeps/watch-runs.ts";
import type { Catalog } from "../../../src/ports/catalog.ts";
import { MemoryCatalog } from "../../support/memory-catalog.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";
import { catalogWith } from "../../support/catalog-with.ts";

/** Counts what a catalog is asked for, and the rows it answers with. */
const counting = (real: Catalog) => {
  const counts = { requests: 0, rows: 0 };
  const catalog = catalogWith(real, {
    get: async (...given) => {
      counts.requests++;
      counts.rows++;
      return real.get(...given);
    },
    list: async (...given) => {
      counts.requests++;
      const rows = await real.list(...given);
      counts.rows += rows.length;
      return rows;
    },
    write: async (...given) => {
      counts.requests++;
      return real.write(...given);
    },
  });
  return { catalog, counts };
};

const worldOf = async (count: number, startTime: (index: number) => string) => {
  const { catalog, counts } = counting(new MemoryCatalog());
  const names = Array.from({ length: count }, (_, index) => `site-${String(index).padStart(5, "0")}`);
  const world = plannedWorld(names, { catalog, policy: { openRuns: 4 } });
  for (const [index, name] of names.entries()) {
    const backupSchedule = { frequencyInterval: 30, frequencyUnit: "Day", startTime: startTime(index) };
    await putBackupConfiguration(world.deps)(
      world.call,
      siteNamed(name),
      parseConfigurationRequest({ properties: { enabled: true, backupSchedule } }),
    );
  }
  return { world, counts, names };
};

const later = "2026-12-24T00:00:00Z";

describe("a tick", () => {
  it("with nothing due asks for the same, and reads as many rows, with 2,000 sites as with 20", async () => {
    const costs = [];
    for (const count of [20, 2_000]) {
      const { world, counts } = await worldOf(count, () => later);
      // The first one learns when the soonest is due.
      await world.tickAt(new Date("2026-11-21T12:01:00Z"));
      const before = { ...counts };
      await world.tickAt(new Date("2026-11-21T12:01:20Z"));
      costs.push({ requests: counts.requests - before.requests, rows: counts.rows - before.rows });
    }
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[0]).toEqual({ requests: 1, rows: 1 });
  });

  it("with one due costs the same whatever else is configured", async () => {
    const costs = [];
    for (const count of [20, 2_000]) {
      const { world, counts } = await worldOf(count, (index) => (index === 7 ? "2026-11-21T11:00:00Z" : later));
      const before = counts.requests;
      await world.tickAt(new Date("2026-11-21T12:01:00Z"));
      expect(world.open.size).toBe(1);
      costs.push(counts.requests - before);
    }
    expect(costs[1]).toBe(costs[0]);
  });
});

describe("a thousand sites that are due at once", () => {
  it("all run, the oldest first, never more at a time than may; none times out by waiting, and a restore does not wait", async () => {
    const startOf = (index: number): string =>
      new Date(Date.parse("2026-11-21T13:00:00Z") - index * 1_000).toISOString();
    const { world, names } = await worldOf(1_000, startOf);
    const watch = watchRuns(world.deps, { isAlone: true });
    const order: string[] = [];
    const restored = siteNamed("site-00003");
    let restoreWaited = -1;
    let now = Date.parse("2026-11-21T13:00:00Z");
    // Each run takes twenty minutes: the last begin days after they were due.
    for (let tick = 0; order.length < 999 && tick < 5_000; tick++) {
      now += 20 * 60_000;
      await world.tickAt(new Date(now));
      const backups = [...world.open.values()];
      expect(backups.length).toBeLessThanOrEqual(3);
      if (tick === 5) {
        const operation = {
          id: "op",
          kind: "restore",
          run: "restore-1",
          status: "InProgress",
          created: world.clock.time.toISOString(),
        } as const;
        await takeSite(world.deps, world.call, { site: restored, operation });
        restoreWaited = world.started.findIndex(({ workflow }) => workflow === restoreSite.name);
      }
      await watch(world.call);
      await takeUpRuns(world.deps)(world.call);
      for (const ref of backups) {
        order.push(ref.site.name);
        await world.end(ref);
      }
    }
    expect(restoreWaited).toBeGreaterThan(0);
    expect(order).toEqual(names.toReversed().filter((name) => name !== restored.name));
    expect(world.ended).toEqual([]);
    for (const name of names) {
      const statuses = (await world.backups(siteNamed(name))).map(({ status }) => status);
      expect(statuses).toEqual(name === restored.name ? ["Skipped"] : ["Succeeded"]);
    }
  });
});
