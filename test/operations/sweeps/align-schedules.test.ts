import { expect, it } from "vitest";
import { siteKey } from "../../../src/domain/site.ts";
import { alignSchedules } from "../../../src/operations/sweeps/align-schedules.ts";
import {
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { sweep } from "../../../src/operations/sweeps/sweep.ts";
import { configurationKey, dueRunKey, schedulePartition } from "../../../src/operations/rows/keys.ts";
import { readDue } from "../../../src/operations/rows/schedule-rows.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";

const shop = siteNamed("Shop");
const daily = {
  frequencyInterval: 1,
  frequencyUnit: "Day",
  keepAtLeastOneBackup: true,
  retentionPeriodInDays: 30,
  startTime: "2026-11-01T02:00:00.000Z",
} as const;

const dueOf = async (world: ReturnType<typeof plannedWorld>): Promise<readonly string[]> =>
  (await readDue(world.deps.catalog, { limit: 100 })).map(({ site, at }) => `${site.name} ${at}`);

it("a configuration of version 0.1.0, which knew no next run, is planned", async () => {
  const world = plannedWorld(["Shop"]);
  const value = { site: siteKey(shop), backupName: "Shop", enabled: true, schedule: daily };
  await world.deps.catalog.write(schedulePartition, [{ kind: "put", key: configurationKey(shop), value }]);
  expect((await getBackupConfiguration(world.deps)(world.call, shop)).configuration).toMatchObject({ isOwn: true });
  await alignSchedules(world.deps)(world.call);
  expect(await dueOf(world)).toEqual(["Shop 2026-11-21T02:00:00.000Z"]);
  await world.tickAt(new Date("2026-11-21T12:01:00Z"));
  expect(await world.backups(shop)).toMatchObject([{ name: "Shop_202611210200", site: shop }]);
});

it("the installation's schedule counts for new sites, each at its own minute, until it changes or the site goes", async () => {
  const names = ["a", "b", "c"];
  const world = plannedWorld(names, { policy: { schedule: daily, spreadMinutes: 60 } });
  await putBackupConfiguration(world.deps)(world.call, siteNamed("c"), { enabled: false });
  await alignSchedules(world.deps)(world.call);
  const first = await dueOf(world);
  expect(new Set(first.map((due) => due.split(" ")[0]))).toEqual(new Set(["a", "b"]));
  expect(new Set(first.map((due) => due.split(" ")[1])).size).toBe(2);
  await alignSchedules(world.deps)(world.call);
  expect(await dueOf(world)).toEqual(first);
  for (let minute = 0; minute < 62; minute++)
    await world.tickAt(new Date(Date.parse("2026-11-21T02:00:00Z") + minute * 60_000));
  const planned = [...(await world.backups(siteNamed("a"))), ...(await world.backups(siteNamed("b")))];
  expect(planned).toHaveLength(2);
  for (const { planned: at = "" } of planned) expect(at).toMatch(/^2026-11-2[01]T0[23]:/);
  const other = {
    ...world.deps,
    policy: { ...world.deps.policy, schedule: { ...daily, startTime: "2026-11-01T10:00:00.000Z" } },
  };
  world.sites.delete(siteKey(siteNamed("b")));
  await alignSchedules(other)(world.call);
  expect(await dueOf(world)).toMatchObject([expect.stringMatching(/^a 2026-11-21T1[01]:/)]);
  const { schedule: _, ...none } = other.policy;
  await alignSchedules({ ...other, policy: none })(world.call);
  expect(await dueOf(world)).toEqual([]);
});

it("a due row that was lost comes back, and one that nobody stands behind goes", async () => {
  const world = plannedWorld(["Shop"]);
  await putBackupConfiguration(world.deps)(world.call, shop, {
    schedule: { ...daily, startTime: "2026-12-24T02:00:00.000Z" },
  });
  const wanted = await dueOf(world);
  const stale = "2026-11-22T02:00:00.000Z";
  await world.deps.catalog.write(schedulePartition, [
    { kind: "remove", key: dueRunKey("2026-12-24T02:00:00.000Z", shop) },
    { kind: "put", key: dueRunKey(stale, shop), value: { site: shop, at: stale } },
  ]);
  expect(await dueOf(world)).toEqual([`Shop ${stale}`]);
  await alignSchedules(world.deps)(world.call);
  expect(await dueOf(world)).toEqual(wanted);
});

it.each([
  ["is no configuration", { isOwn: "yes" }],
  ["holds a schedule of no time", { schedule: { ...daily, startTime: "yesterday" } }],
  ["holds a schedule of no unit", { schedule: { ...daily, frequencyUnit: "Fortnight" } }],
])("a row that %s is named in the log and costs only its own site", async (_, change) => {
  const world = plannedWorld(["Aa", "Shop", "Zz"], { policy: { schedule: daily } });
  const bad = configurationKey(shop);
  await alignSchedules(world.deps)(world.call);
  const before = await dueOf(world);
  expect(before).toHaveLength(3);
  const value = { ...(await world.deps.catalog.get(schedulePartition, bad))?.value, ...change };
  const dueKey = dueRunKey("2026-11-21T02:00:00.000Z", siteNamed("Zz"));
  await world.deps.catalog.write(schedulePartition, [
    { kind: "put", key: bad, value },
    { kind: "put", key: dueKey, value: { site: 7 } },
  ]);
  const errors: string[] = [];
  const log = {
    ...world.call.log,
    error: (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void errors.push(`${event}: ${String(fields["site"])}`),
  };
  world.clock.time = new Date("2026-11-21T12:01:00Z");
  await sweep(world.deps)({ ...world.call, log });
  expect(errors).toContainEqual(expect.stringMatching(/schedule cannot be read; .*: shop$/i));
  for (const name of ["Aa", "Zz"]) expect(await world.backups(siteNamed(name))).toHaveLength(1);
  expect((await world.deps.catalog.get(schedulePartition, bad))?.value).toEqual(value);
});
