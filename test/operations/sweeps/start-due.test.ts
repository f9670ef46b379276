import { beforeEach, describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import {
  deleteBackupConfiguration,
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { backupKey, sitePartition } from "../../../src/operations/rows/keys.ts";
import { metricsText } from "../../../src/api/wire/metrics.ts";
import { readFigures } from "../../../src/operations/checks/read-figures.ts";
import { changeConfiguration, readDue } from "../../../src/operations/rows/schedule-rows.ts";
import { changeSite } from "../../../src/operations/rows/site-row.ts";
import type { Policy } from "../../../src/operations/installation.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";

const shop = siteNamed("shop");
const minuteMs = 60_000;

const worldOf = (policy: Partial<Policy> = {}, names = ["shop", "blog"]) => plannedWorld(names, { policy });
let world: ReturnType<typeof worldOf>;
beforeEach(() => {
  world = worldOf();
});

const put = (backupSchedule: object, rest: object = {}, site = shop) =>
  putBackupConfiguration(world.deps)(
    world.call,
    site,
    parseConfigurationRequest({ properties: { enabled: true, backupSchedule, ...rest } }),
  );
const shown = async (site = shop) => (await getBackupConfiguration(world.deps)(world.call, site)).configuration;
const daily = { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 30 };
const at = (text: string): Date => new Date(text);
const due = async () => (await readDue(world.deps.catalog, { limit: 100 })).map((row) => `${row.site.name} ${row.at}`);

describe("a schedule", () => {
  it("without a start runs at once, and then after each interval", async () => {
    await put(daily);
    await world.tickAt(at("2026-11-21T12:00:30Z"));
    await world.endAll();
    expect(await world.backups(shop)).toMatchObject([
      { id: 1, status: "Succeeded", scheduled: true, name: "shop_202611211200", planned: "2026-11-21T12:00:00.000Z" },
    ]);
    expect(await shown()).toMatchObject({
      nextRun: "2026-11-22T12:00:00.000Z",
      lastExecutionTime: "2026-11-21T12:00:30.000Z",
    });
    await world.tickAt(at("2026-11-22T11:59:59Z"));
    expect(world.open.size).toBe(0);
    await world.tickAt(at("2026-11-22T12:00:00Z"));
    expect(world.open.size).toBe(1);
  });

  it("runs first at a start that is still to come", async () => {
    await put({ ...daily, startTime: "2026-11-22T02:00:00Z" });
    await world.tickAt(at("2026-11-22T01:59:00Z"));
    expect(world.open.size).toBe(0);
    await world.tickAt(at("2026-11-22T02:00:00Z"));
    expect(world.open.size).toBe(1);
  });

  it("makes up for any downtime by one run, and goes on as planned", async () => {
    await put({ ...daily, startTime: "2026-11-22T02:00:00Z" });
    await world.tickAt(at("2026-12-05T17:30:00Z"));
    await world.endAll();
    await world.tickAt(at("2026-12-05T17:31:00Z"));
    expect(await world.backups(shop)).toMatchObject([{ planned: "2026-11-22T02:00:00.000Z" }]);
    expect((await shown()).nextRun).toBe("2026-12-06T02:00:00.000Z");
  });

  it("set up anew does not repeat a run that was made, also when its backup is forgotten by now", async () => {
    const weekly = { ...daily, frequencyInterval: 7, startTime: "2026-11-21T12:00:00Z" };
    await put(weekly);
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    await world.endAll();
    for (const isForgotten of [false, true]) {
      if (isForgotten) await world.deps.catalog.write(sitePartition(shop), [{ kind: "remove", key: backupKey(1) }]);
      await deleteBackupConfiguration(world.deps)(world.call, shop);
      await put(weekly);
      await world.tickAt(at("2026-11-22T12:00:00Z"));
      expect(world.open.size).toBe(0);
      expect((await shown()).nextRun).toBe("2026-11-28T12:00:00.000Z");
    }
  });

  it("that is disabled, or deleted, runs no more", async () => {
    await put(daily);
    await put(daily, { enabled: "false" });
    expect(await due()).toEqual([]);
    await put(daily, { enabled: "true" });
    expect(await due()).toHaveLength(1);
    await deleteBackupConfiguration(world.deps)(world.call, shop);
    expect(await due()).toEqual([]);
    await world.tickAt(at("2026-12-21T12:00:00Z"));
    expect(world.open.size).toBe(0);
  });

  it("keeps its next run when only other fields change, and plans anew when its times do", async () => {
    await put({ ...daily, startTime: "2026-11-25T02:00:00Z" });
    world.clock.time = at("2026-11-24T12:00:00Z");
    await put({ ...daily, retentionPeriodInDays: 3 });
    expect((await shown()).nextRun).toBe("2026-11-25T02:00:00.000Z");
    await put({ ...daily, startTime: "2026-11-24T23:00:00Z" });
    expect(await due()).toEqual(["shop 2026-11-24T23:00:00.000Z"]);
  });

  it("waits for its run window, and does not begin behind its end", async () => {
    await put({ ...daily, startTime: "2026-11-22T23:30:00Z", runWindow: { from: "23:00", to: "01:00" } });
    await world.tickAt(at("2026-11-23T01:30:00Z"));
    expect(world.open.size).toBe(0);
    expect((await shown()).nextRun).toBe("2026-11-23T23:00:00.000Z");
    await world.tickAt(at("2026-11-23T23:00:00Z"));
    expect(world.open.size).toBe(1);
    expect((await shown()).nextRun).toBe("2026-11-23T23:30:00.000Z");
  });

  it("goes to the configured container under the configured name", async () => {
    const storageAccountUrl = "https://acct.blob.core.windows.net/backups?se=2028-01-01&sig=planted";
    await put(daily, { backupName: "nightly", storageAccountUrl });
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    expect(await world.backups(shop)).toMatchObject([
      { blobBase: "nightly_202611211200", destination: "https://acct.blob.core.windows.net/backups" },
    ]);
  });

  it("says that it fails after three failures in a row, goes on trying, and says when it is well again", async () => {
    await put({ frequencyInterval: 1, frequencyUnit: "Hour", startTime: "2026-11-21T12:00:00Z" });
    const failures: number[] = [];
    for (let hour = 0; hour < 5; hour++) {
      await world.tickAt(new Date(at("2026-11-21T12:00:00Z").getTime() + hour * 60 * minuteMs));
      await world.endAll(hour < 4 ? "Failed" : "PartiallySucceeded");
      failures.push((await getBackupConfiguration(world.deps)(world.call, shop)).failuresInARow);
    }
    expect(failures).toEqual([1, 2, 3, 4, 0]);
  });
});

describe("a planned run that cannot begin", () => {
  it("leaves a Skipped record when the site is busy", async () => {
    await createBackup(world.deps)(world.call, shop, {});
    await put(daily);
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    expect(await world.backups(shop)).toMatchObject([
      { id: 1, status: "Created" },
      {
        id: 2,
        status: "Skipped",
        scheduled: true,
        log: expect.stringMatching(/^The backup backup-1-\S+ had the site/),
      },
    ]);
    expect(await shown()).toMatchObject({ nextRun: "2026-11-22T12:00:00.000Z" });
    expect((await shown()).lastExecutionTime).toBeUndefined();
  });

  it("leaves a Skipped record when the day's quota is used up, which manual backups count for too", async () => {
    world = worldOf({ backupsPerDay: { standard: 2 } });
    await put({ frequencyInterval: 1, frequencyUnit: "Hour" });
    await createBackup(world.deps)(world.call, shop, {});
    await world.endAll();
    for (const time of ["2026-11-21T12:01:00Z", "2026-11-21T13:01:00Z"]) {
      await world.tickAt(at(time));
      await world.endAll();
    }
    expect((await world.backups(shop)).map(({ status, log }) => [status, log])).toEqual([
      ["Succeeded", undefined],
      ["Succeeded", undefined],
      ["Skipped", "The site has had its 2 backups of the day. The next one is possible from 2026-11-22T00:00:00.000Z."],
    ]);
    await expect(createBackup(world.deps)(world.call, shop, {})).rejects.toThrow(
      /2 backups.*possible from 2026-11-22T00:00:00.000Z/,
    );
    await world.tickAt(at("2026-11-22T00:00:30Z"));
    expect(world.open.size).toBe(1);
  });

  it("leaves a Failed record that says why where the container may not be used, and tries again with the next interval", async () => {
    await changeConfiguration(world.deps.catalog, shop, () => "none");
    await put(daily);
    await changeConfiguration(world.deps.catalog, shop, (old) =>
      old === undefined ? "none" : { ...old, container: "https://forbidden/c" },
    );
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    await world.tickAt(at("2026-11-22T12:01:00Z"));
    expect(await world.backups(shop)).toMatchObject([
      { status: "Failed", log: "The destination https://forbidden/c may not be used: it is not allowed here." },
      { status: "Failed" },
    ]);
  });

  it("leaves a Failed record that names the key where the container's credential cannot be opened any more", async () => {
    await put(daily, { storageAccountUrl: "https://acct.blob.core.windows.net/backups?se=2028-01-01&sig=planted" });
    const [row] = await world.deps.catalog.list("credentials");
    const value = { ...row?.value, sealed: String(row?.value["sealed"]).replace(/^lb1\.\w+/, "lb1.gone") };
    await world.deps.catalog.write("credentials", [{ kind: "put", key: row?.key ?? "", value }]);
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    const [backup] = await world.backups(shop);
    expect(backup).toMatchObject({ status: "Failed", log: expect.stringContaining("needs the key gone") });
  });

  it("leaves a Failed record when the site is no longer there", async () => {
    await put(daily);
    world.sites.clear();
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    expect(await world.backups(shop)).toMatchObject([{ status: "Failed", log: expect.stringContaining("not found") }]);
  });

  it("does not hold up the others, and is tried again when something broke", async () => {
    await put(daily);
    await put(daily, {}, siteNamed("blog"));
    const { find } = world.deps.sites;
    let isBroken = true;
    const sites: typeof world.deps.sites = {
      ...world.deps.sites,
      find: async (id) => {
        if (isBroken && id.name === "blog") throw new Error("the disk went away");
        return find(id);
      },
    };
    Object.assign(world.deps, { sites });
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    expect([...world.open.values()].map(({ site }) => site.name)).toEqual(["shop"]);
    isBroken = false;
    await world.tickAt(at("2026-11-21T12:02:00Z"));
    expect([...world.open.values()].map(({ site }) => site.name)).toEqual(["shop", "blog"]);
  });
});

describe("admission", () => {
  const names = Array.from({ length: 12 }, (_, index) => `site-${String(index).padStart(2, "0")}`);

  it("starts the oldest first, leaves one place to restores, and fills each place that gets free", async () => {
    world = worldOf({ openRuns: 4 }, names);
    for (const [index, name] of names.entries())
      await put({ ...daily, startTime: `2026-11-22T02:${String(59 - index)}:00Z` }, {}, siteNamed(name));
    await world.tickAt(at("2026-11-22T03:00:00Z"));
    const metrics = metricsText(await readFigures(world.deps));
    expect(metrics).toContain("\nlifeboat_due_runs 9\n");
    expect(metrics).toContain(`\nlifeboat_due_lag_seconds ${9 * 60}\n`);
    const order: string[] = [];
    while (world.open.size > 0) {
      expect(world.open.size).toBeLessThanOrEqual(3);
      const [first] = world.open.values();
      if (first === undefined) break;
      order.push(first.site.name);
      await world.end(first);
      await world.tickAt(at("2026-11-22T03:00:30Z"));
    }
    expect(order).toEqual(names.toReversed());
  });

  it("looks behind runs that cannot begin for one that can", async () => {
    world = worldOf({ openRuns: 4 }, names);
    for (const name of names) await put(daily, {}, siteNamed(name));
    for (const name of names.slice(0, 11))
      await changeSite(world.deps.catalog, siteNamed(name), (row) => ({
        row: { ...row, run: { id: `restore-${name}`, kind: "restore", since: "2026-11-21T12:00:00Z" } },
        result: undefined,
      }));
    await world.tickAt(at("2026-11-21T12:01:00Z"));
    expect([...world.open.values()].map(({ site }) => site.name)).toEqual([names[11]]);
  });
});
