import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { writeSiteAlarms } from "../../../src/operations/alarms/alarm-channels.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { forgetSite } from "../../../src/operations/sites/describe-site.ts";
import { deliverAlarms } from "../../../src/operations/alarms/deliver-alarms.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition, watchKey } from "../../../src/operations/rows/keys.ts";
import { metricsText } from "../../../src/api/wire/metrics.ts";
import { readFigures } from "../../../src/operations/checks/read-figures.ts";
import { markSite, readMarks } from "../../../src/operations/rows/mark-rows.ts";
import { readWatch } from "../../../src/operations/rows/watch-rows.ts";
import { sendDigest } from "../../../src/operations/alarms/send-digest.ts";
import { tendAlarms } from "../../../src/operations/alarms/tend-alarms.ts";
import { watchNewSites, watchSites } from "../../../src/operations/alarms/watch-sites.ts";
import type { Catalog } from "../../../src/ports/catalog.ts";
import { shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { alarmWorld, endedBackup } from "./alarm-world.ts";
import { catalogWith } from "../../support/catalog-with.ts";

type World = ReturnType<typeof alarmWorld>;

const round = async ({ deps, call, pass }: World): Promise<void> => {
  await watchSites(deps)(call);
  pass(0.01);
  await deliverAlarms(deps)(call);
};

const backupEnds = (world: World, id: number, status: Parameters<typeof endedBackup>[1]): Promise<void> =>
  markSite(world.deps.catalog, shop, endedBackup(id, status, world.clock.time));

const daily = {
  frequencyInterval: 1,
  frequencyUnit: "Day",
  keepAtLeastOneBackup: true,
  retentionPeriodInDays: 0,
} as const;

const kindsOf = ({ taken }: World): readonly string[] => taken.map(({ alarm }) => alarm.kind);

describe("alarms", () => {
  it("tell of a failed backup, and of the next good one", async () => {
    const world = alarmWorld();
    await backupEnds(world, 1, "Failed");
    await round(world);
    world.pass(60);
    await backupEnds(world, 2, "Succeeded");
    await round(world);
    expect(kindsOf(world)).toEqual(["failed", "recovered"]);
    expect(await readMarks(world.deps.catalog, 10)).toEqual([]);
  });

  it("come once, although their news is told again and a round is run again", async () => {
    const world = alarmWorld();
    await backupEnds(world, 1, "Failed");
    await round(world);
    await backupEnds(world, 1, "Failed");
    await round(world);
    await round(world);
    expect(kindsOf(world)).toEqual(["failed"]);
  });

  it("come once, although two instances look and deliver at the same time", async () => {
    const world = alarmWorld();
    await backupEnds(world, 1, "Failed");
    await Promise.all([watchSites(world.deps)(world.call), watchSites(world.deps)(world.call)]);
    world.pass(0.01);
    await Promise.all([deliverAlarms(world.deps)(world.call), deliverAlarms(world.deps)(world.call)]);
    expect(kindsOf(world)).toEqual(["failed"]);
  });

  it("wait for a receiver that is out of order, and come by the same id", async () => {
    const world = alarmWorld();
    world.receivers.broken = true;
    await backupEnds(world, 1, "Failed");
    await round(world);
    world.pass(0.5);
    await deliverAlarms(world.deps)(world.call);
    expect(metricsText(await readFigures(world.deps))).toContain("lifeboat_alarms_waiting 1\n");
    world.receivers.broken = false;
    await deliverAlarms(world.deps)(world.call);
    expect(world.taken).toEqual([]);
    world.pass(0.6);
    await deliverAlarms(world.deps)(world.call);
    expect(world.taken.map(({ alarm }) => alarm.id)).toEqual(["failed!s!g!shop!!1"]);
    expect(metricsText(await readFigures(world.deps))).toContain("lifeboat_alarms_waiting 0\n");
  });

  it("are given up after three days, and said so", async () => {
    const world = alarmWorld();
    const errors: string[] = [];
    const call = { ...world.call, log: { ...world.call.log, error: (event: string) => void errors.push(event) } };
    world.receivers.broken = true;
    await backupEnds(world, 1, "Failed");
    await round(world);
    for (let hour = 0; hour < 80; hour++) {
      world.pass(61);
      await deliverAlarms(world.deps)(call);
    }
    expect(errors).toEqual(["an alarm was given up: nobody took it for three days"]);
    world.receivers.broken = false;
    world.pass(10_000);
    await deliverAlarms(world.deps)(call);
    expect(world.taken).toEqual([]);
  });

  it("are sent when a clock is right again that was ahead when nobody took them", async () => {
    const world = alarmWorld();
    const deliver = deliverAlarms(world.deps);
    const yearInMinutes = 365 * 1_440;
    world.pass(yearInMinutes);
    world.receivers.broken = true;
    await backupEnds(world, 1, "Failed");
    await round(world);
    await deliver(world.call);
    world.pass(-yearInMinutes);
    await deliver(world.call);
    expect(world.taken).toEqual([]);
    world.receivers.broken = false;
    world.pass(2);
    await deliver(world.call);
    expect(world.taken.map(({ alarm }) => alarm.kind)).toEqual(["failed"]);
  });

  it("go to the site's own channels too; its heartbeat hears of good backups only", async () => {
    const world = alarmWorld({ channels: {} });
    const alarms = {
      webhook: { url: new Secret("https://own.example/"), form: "slack" as const },
      mailTo: ["a@example.org"],
      heartbeat: new Secret("https://beat.example/1"),
    };
    await writeSiteAlarms(world.deps, shop, { alarms, version: undefined });
    await backupEnds(world, 1, "Failed");
    await round(world);
    world.pass(1);
    await backupEnds(world, 2, "Succeeded");
    await round(world);
    const told = world.taken.map(({ alarm, channel, url }) => `${alarm.kind} by ${channel} ${url ?? ""}`.trim());
    expect(told.toSorted()).toEqual([
      "failed by mail",
      "failed by webhook https://own.example/",
      "recovered by mail",
      "recovered by webhook https://own.example/",
      "succeeded by ping https://beat.example/1",
    ]);
  });

  it("come for other sites while one site's cannot be looked at", async () => {
    const world = alarmWorld();
    const other = { ...shop, name: "zoo" };
    for (const site of [shop, other])
      await markSite(world.deps.catalog, site, endedBackup(1, "Failed", world.clock.time));
    const { catalog } = world.deps;
    const broken = catalogWith(catalog, {
      get: (partition, key) =>
        key === watchKey(shop) ? Promise.reject(new Error("damaged row")) : catalog.get(partition, key),
    });
    const tend = tendAlarms({ ...world.deps, catalog: broken });
    await tend(world.call);
    world.pass(0.01);
    await tend(world.call);
    expect(world.taken.map(({ alarm }) => alarm.site?.name)).toEqual(["zoo"]);
  });

  it("and metrics and the digest trouble nobody about a site that is forgotten", async () => {
    const world = alarmWorld();
    await putBackupConfiguration(world.deps)(world.call, shop, {
      schedule: daily,
      storageAccountUrl: new Secret("file:///backups/shop"),
    });
    await backupEnds(world, 1, "Failed");
    await round(world);
    expect(metricsText(await readFigures(world.deps))).toMatch(/lifeboat_site_in_trouble\{.*\} 1\n/);
    await forgetSite(world.deps)(world.call, shop);
    for (let day = 0; day < 3; day++) {
      await round(world);
      world.pass(24 * 60);
    }
    expect(kindsOf(world)).toEqual(["failed"]);
    expect(metricsText(await readFigures(world.deps))).not.toMatch(/site="shop"/);
  });

  it("tell of a site whose file was removed by hand, and no more of it once it is forgotten", async () => {
    const world = alarmWorld();
    const { catalog, sites } = world.deps;
    const schedule = { ...daily, startTime: world.clock.time.toISOString() };
    const deps = { ...world.deps, policy: { ...world.deps.policy, schedule } };
    const days = async (count: number): Promise<void> => {
      for (let day = 0; day < count; day++) {
        await round({ ...world, deps });
        world.pass(24 * 60);
      }
    };
    await watchNewSites(deps)(world.call);
    await days(1);
    await sites.forget(shop);
    await days(3);
    expect(kindsOf(world)).toContain("missing");
    const told = world.taken.length;

    expect(await forgetSite(deps)(world.call, shop)).toBe(true);
    // As when one of its backups is deleted.
    await markSite(catalog, shop);
    await days(4);
    expect(world.taken.length).toBe(told);
    expect(metricsText(await readFigures(deps))).not.toMatch(/site="shop"/);
    expect(await forgetSite(deps)(world.call, shop)).toBe(false);
  });

  it("tell of a site whose schedule never brought a backup", async () => {
    const world = alarmWorld();
    await putBackupConfiguration(world.deps)(world.call, shop, {
      schedule: daily,
      storageAccountUrl: new Secret("file:///backups/shop"),
    });
    await watchNewSites(world.deps)(world.call);
    await round(world);
    world.pass(47 * 60);
    await round(world);
    expect(kindsOf(world)).toEqual([]);
    world.pass(61);
    await round(world);
    await round(world);
    expect(kindsOf(world)).toEqual(["missing"]);
  });
});

describe("a process that dies between any two writes", () => {
  /** The catalog of a process that ends with its nth write: before it, or right after. */
  const dyingAt = (catalog: Catalog, nth: number, when: "before" | "after"): Catalog => {
    let writes = 0;
    return catalogWith(catalog, {
      write: async (partition, changes) => {
        writes++;
        if (writes === nth && when === "before") throw new Error("died");
        const isWritten = await catalog.write(partition, changes);
        if (writes === nth) throw new Error("died");
        return isWritten;
      },
    });
  };

  it.each(["before", "after"] as const)("loses no alarm (%s the write)", async (when) => {
    for (let nth = 1; nth <= 4; nth++) {
      const world = alarmWorld();
      await backupEnds(world, 1, "Failed");
      const dying = { ...world.deps, catalog: dyingAt(world.deps.catalog, nth, when) };
      await watchSites(dying)(world.call).catch(() => undefined);
      world.pass(0.01);
      await deliverAlarms(dying)(world.call).catch(() => undefined);
      for (let later = 0; later < 3; later++) {
        world.pass(5);
        await round(world);
      }
      expect(new Set(world.taken.map(({ alarm }) => alarm.id))).toEqual(new Set(["failed!s!g!shop!!1"]));
      expect((await readWatch(world.deps.catalog, shop))?.watch?.ended).toEqual({ Failed: 1 });
    }
  });
});

describe("the digest", () => {
  it("comes once a day, with what happened since the last one and who needs a look", async () => {
    const world = alarmWorld({ digestMinute: 7 * 60 });
    const digest = async (): Promise<void> => {
      await Promise.all([sendDigest(world.deps)(world.call), sendDigest(world.deps)(world.call)]);
      world.pass(1);
      await deliverAlarms(world.deps)(world.call);
    };
    await backupEnds(world, 1, "Failed");
    await round(world);
    await digest();
    await digest();
    world.pass(12 * 60);
    await digest();
    world.pass(5 * 60);
    const good = keptBackup({ id: 2, finished: world.clock.time.toISOString() });
    await world.deps.catalog.write(sitePartition(shop), [insertBackup(good)]);
    await backupEnds(world, 2, "Succeeded");
    await round(world);
    world.pass(3 * 60);
    await digest();
    const never = await world.deps.sites.describe({ ...shop, name: "never" }, { wwwroot: "/srv/never" });
    await markSite(world.deps.catalog, never.id);
    await round(world);
    world.pass(24 * 60);
    await digest();
    const digests = world.taken.filter(({ alarm }) => alarm.kind === "digest").map(({ alarm }) => alarm);
    expect(digests.map(({ title }) => title)).toEqual([
      "1 of 1 sites need a look",
      "all 1 sites have good backups",
      "1 of 2 sites have good backups, the others none",
    ]);
    expect(digests[2]?.text).toMatch(/\nWithout any good backup: never\.$/);
    expect(digests[0]?.text).toContain("Failed 1");
    expect(digests[0]?.text).toContain("shop: failed since 2026-11-21T12:00:00.000Z");
    expect(digests[1]?.text).toContain("Succeeded 1");
    expect(digests[1]?.text).not.toContain("Failed");
  });
});
