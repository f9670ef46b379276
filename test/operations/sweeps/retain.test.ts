import { beforeEach, describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { siteKey, type SiteId } from "../../../src/domain/site.ts";
import { afterBackup } from "../../../src/operations/sweeps/after-backup.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { checkInstallation } from "../../../src/operations/checks/check-installation.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { renewBackupAccess } from "../../../src/operations/backups/renew-backup-access.ts";
import { retainAll } from "../../../src/operations/sweeps/retain-all.ts";
import { retainSite } from "../../../src/operations/sweeps/retain-site.ts";
import { backupKey, sitePartition, siteRowKey } from "../../../src/operations/rows/keys.ts";
import { changeSite } from "../../../src/operations/rows/site-row.ts";
import { sweep } from "../../../src/operations/sweeps/sweep.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import { unreadableAdvice } from "../../../src/operations/checks/unreadable-advice.ts";
import { verifyBackup } from "../../../src/operations/backups/verify-backup.ts";
import type { RowValue } from "../../../src/ports/catalog.ts";
import { removeBackup } from "../../../src/steps/backup/remove-backup.ts";
import type { BackupRef } from "../../../src/workflows/contract.ts";
import { putObject } from "../../support/put-object.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";

const shop = siteNamed("shop");
const dayMs = 86_400_000;
const start = new Date("2026-11-21T12:00:00Z");
const sas = (until: string): string =>
  `https://acct.blob.core.windows.net/backups?sr=c&sp=rwdl&se=${until}&sig=planted`;

let world: ReturnType<typeof plannedWorld>;
beforeEach(() => {
  world = plannedWorld(["shop", "blog"]);
});

const put = (backupSchedule: object, storageAccountUrl?: string) =>
  putBackupConfiguration(world.deps)(
    world.call,
    shop,
    parseConfigurationRequest({ properties: { enabled: true, backupSchedule, storageAccountUrl } }),
  );
const daily = { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 3 };

/** Planned backups, one a day, and whatever follows each. */
const days = async (count: number, from = 0): Promise<void> => {
  for (let day = from; day < from + count; day++) {
    await world.tickAt(new Date(start.getTime() + day * dayMs + 1_000));
    for (const ref of world.open.values()) {
      await world.end(ref);
      await afterBackup(world.deps)(ref, world.call);
    }
    await removals();
  }
};

/** Runs the deletions that were begun. */
const removals = async (): Promise<void> => {
  const begun = world.started.splice(0).filter(({ workflow }) => workflow === "deleteBackup");
  // Safe: a deletion's workflow gets a BackupRef.
  for (const { input } of begun) await removeBackup(world.deps)(input as BackupRef, world.call);
};

const statuses = async (): Promise<Record<number, string>> =>
  Object.fromEntries((await world.backups(shop)).map(({ id, status }) => [id, status]));
const retain = async (): Promise<number> => {
  const begun = await retainSite(world.deps)(world.call, shop);
  await removals();
  return begun;
};
const at = (day: number): void => {
  world.clock.time = new Date(start.getTime() + day * dayMs);
};

/** A restore of the shop's first backup has this site; `more` is what its row says otherwise. */
const restoreAt = async (site: SiteId, more: RowValue = {}): Promise<void> => {
  const [first] = await world.backups(shop);
  const request = {
    destination: first?.destination,
    blob: `${first?.blobBase}.zip`,
    backup: 1,
    backupSite: shop,
    overwrite: true,
    paths: [],
    configuration: false,
    quick: false,
    allowOutsideLinks: false,
  };
  const own = { id: "op", kind: "restore", run: "restore-1", status: "InProgress", created: start.toISOString() };
  await changeSite(world.deps.catalog, site, (row) => ({
    row: { ...row, run: { id: "restore-1", kind: "restore", since: start.toISOString(), operation: "op" } },
    also: [{ kind: "insert", key: "operation!op", value: { ...own, request, ...more } }],
    result: undefined,
  }));
  await world.deps.catalog.write("open-runs", [
    { kind: "put", key: "restore-1", value: { site, since: start.toISOString() } },
  ]);
};

describe("retention of a site", () => {
  it("follows each planned backup, and leaves what is younger", async () => {
    await put(daily);
    await days(6);
    expect(await statuses()).toEqual({
      1: "Deleted",
      2: "Deleted",
      3: "Succeeded",
      4: "Succeeded",
      5: "Succeeded",
      6: "Succeeded",
    });
  });

  it("removes a manual backup by its own expiry, and no other manual one", async () => {
    await put({ ...daily, startTime: "2030-01-01T00:00:00Z" });
    for (const expires of [undefined, new Date(start.getTime() + 2 * dayMs)]) {
      await createBackup(world.deps)(world.call, shop, expires === undefined ? {} : { expires });
      await world.endAll();
    }
    at(1);
    expect(await retain()).toBe(0);
    await days(1, 2);
    at(400);
    // The expired one is the newest that can be restored.
    expect(await retain()).toBe(0);
    await createBackup(world.deps)(world.call, shop, {});
    await world.endAll();
    expect(await retain()).toBe(1);
    expect(await statuses()).toEqual({ 1: "Succeeded", 2: "Deleted", 3: "Succeeded" });
  });

  it("lets nothing go where nothing new is made: without a schedule, or with one that is off", async () => {
    await put(daily);
    await days(2);
    await putBackupConfiguration(world.deps)(world.call, shop, { enabled: false });
    at(100);
    expect(await retain()).toBe(0);
  });

  it("leaves alone what a restore of another site reads, and what is being verified", async () => {
    await put(daily);
    await days(3);
    at(50);
    await restoreAt(siteNamed("blog"));
    await verifyBackup(world.deps)(world.call, shop, { backup: 2, quick: true });
    expect(await retain()).toBe(0);
    await world.deps.catalog.write("open-runs", [{ kind: "remove", key: "restore-1" }]);
    expect(await retain()).toBe(1);
    expect(await statuses()).toEqual({ 1: "Deleted", 2: "Succeeded", 3: "Succeeded" });
  });

  it("neither deletes a backup whose row cannot be read, nor lets another go for its sake; that is told once", async () => {
    await put({ ...daily, keepAtLeastOneBackup: true });
    await days(3);
    await world.deps.catalog.write(sitePartition(shop), [{ kind: "put", key: backupKey(3), value: { status: "?" } }]);
    at(50);
    const told: unknown[] = [];
    const log = { ...world.call.log, error: (event: string, fields?: object) => void told.push({ event, ...fields }) };
    const look = retainSite(world.deps);
    const begun: number[] = [];
    for (let round = 0; round < 3; round++) {
      begun.push(await look({ ...world.call, log }, shop));
      await removals();
    }
    expect(begun).toEqual([1, 0, 0]);
    expect(await statuses()).toEqual({ 1: "Deleted", 2: "Succeeded" });
    expect((await world.deps.catalog.get(sitePartition(shop), backupKey(3)))?.value).toEqual({ status: "?" });
    expect(told).toEqual([expect.objectContaining({ event: expect.stringContaining("not deleted"), backup: 3 })]);
  });

  describe("while a row of another site with a run under way cannot be read", () => {
    const blog = siteNamed("blog");
    beforeEach(async () => {
      await put(daily);
      await days(4);
      at(50);
    });

    it("holds back what that run reads, as far as its site still says so, and lets the rest go", async () => {
      await restoreAt(blog);
      await world.deps.catalog.write(sitePartition(blog), [{ kind: "put", key: siteRowKey, value: { epoch: "?" } }]);
      await retain();
      expect(await statuses()).toEqual({ 1: "Succeeded", 2: "Deleted", 3: "Deleted", 4: "Succeeded" });
    });

    it("holds back what has the name that a damaged restore still names", async () => {
      await restoreAt(blog, { run: 7 });
      await retain();
      expect(await statuses()).toEqual({ 1: "Succeeded", 2: "Deleted", 3: "Deleted", 4: "Succeeded" });
    });

    it("holds back everything that a restore could be reading which names nothing, and says once why and what to do", async () => {
      await restoreAt(blog, { request: { blob: 7 } });
      const told: unknown[] = [];
      const log = {
        ...world.call.log,
        error: (event: string, fields?: object) => void told.push({ event, ...fields }),
      };
      const look = retainSite(world.deps);
      for (let round = 0; round < 3; round++) expect(await look({ ...world.call, log }, shop)).toBe(0);
      expect(told).toEqual([
        {
          event: expect.stringContaining("not deleted"),
          site: expect.stringContaining("blog"),
          row: "operation!op",
          next: unreadableAdvice,
        },
      ]);
      expect(await checkInstallation(world.deps)).toContainEqual(
        expect.objectContaining({ state: "problem", message: expect.stringContaining("operation!op") }),
      );
    });

    it("holds back nothing for an operation that says that it has ended", async () => {
      await restoreAt(blog, { status: "Failed", request: 7 });
      expect(await retain()).toBe(3);
    });

    it("holds back what that run reads although its announcement is damaged too", async () => {
      await restoreAt(blog);
      await world.deps.catalog.write("open-runs", [{ kind: "put", key: "restore-1", value: { site: "?" } }]);
      await world.deps.catalog.write(sitePartition(blog), [{ kind: "put", key: siteRowKey, value: { epoch: "?" } }]);
      await takeUpRuns(world.deps)(world.call);
      await retain();
      expect(await statuses()).toEqual({ 1: "Succeeded", 2: "Deleted", 3: "Deleted", 4: "Succeeded" });
    });
  });

  it("deletes nothing of a site whose own row does not say which run it has", async () => {
    await put(daily);
    await days(3);
    at(50);
    await world.deps.catalog.write("open-runs", [
      { kind: "put", key: "backup-4-x", value: { site: shop, since: start.toISOString() } },
    ]);
    await world.deps.catalog.write(sitePartition(shop), [{ kind: "put", key: siteRowKey, value: { epoch: "?" } }]);
    await expect(retain()).rejects.toThrow(/row site of .*shop.* Start the version/);
    expect(Object.values(await statuses())).toEqual(["Succeeded", "Succeeded", "Succeeded"]);
  });

  it("forgets the rows of what was deleted a month ago, and gives no number twice", async () => {
    await put(daily);
    await days(6);
    at(37);
    await retain();
    expect(Object.keys(await statuses())).toEqual(["3", "4", "5", "6"]);
    await createBackup(world.deps)(world.call, shop, {});
    expect(Object.keys(await statuses())).toEqual(["3", "4", "5", "6", "7"]);
  });
});

describe("a clock that was put ahead by a year", () => {
  const sweeps = async (from: Date, hours: number): Promise<void> => {
    const swept = sweep(world.deps);
    for (let minute = 0; minute <= hours * 60; minute += 10) {
      world.clock.time = new Date(from.getTime() + minute * 60_000);
      await swept(world.call);
      await world.endAll();
    }
  };

  it("deletes nothing until it has gone evenly for a day, and nothing more when it is put right", async () => {
    await put(daily);
    await sweeps(start, 3);
    const wrong = new Date(start.getTime() + 365 * dayMs);
    await sweeps(wrong, 23);
    expect(await retain()).toBe(0);
    await sweeps(new Date(start.getTime() + 4 * 3_600_000), 1);
    expect(await retain()).toBe(0);
    expect(Object.values(await statuses())).toEqual(["Succeeded", "Succeeded"]);
    // Believed after a day: then it may well be right.
    await sweeps(wrong, 25);
    expect(await retain()).toBe(1);
  });

  it("deletes nothing before the next sweep has seen it either", async () => {
    await put(daily);
    for (let day = 0; day < 9; day++) await sweeps(new Date(start.getTime() + day * dayMs), 0);
    world.clock.time = new Date(start.getTime() + 365 * dayMs);
    expect(await retain()).toBe(0);
  });

  it("is not taken for wrong by an hour's downtime, nor by another instance's clock", async () => {
    await put(daily);
    await sweeps(start, 1);
    for (let day = 1; day < 6; day++)
      for (const minutes of [0, 10, 6, 600, 1_190, 1_180])
        await sweeps(new Date(start.getTime() + day * dayMs + minutes * 60_000), 0);
    expect(await retain()).toBeGreaterThan(0);
  });
});

describe("a deletion that the container refuses", () => {
  beforeEach(async () => {
    await put(daily, sas("2026-11-23T00:00:00Z"));
    const { open } = world.deps.destinations;
    Object.assign(world.deps, {
      destinations: {
        open: async (url: string, credential: Secret | undefined) => {
          const expires = /se=([^&]+)/.exec(credential?.reveal() ?? "")?.[1];
          if (expires !== undefined && new Date(expires) <= world.clock.time) {
            const refused = () => Promise.reject(new StoreFailure("AccessDenied", "The SAS expired on 2026-11-23."));
            return { ...(await open(url, credential)), head: refused };
          }
          return open(url, credential);
        },
      },
    });
    await days(2);
    const [first] = await world.backups(shop);
    if (first === undefined) throw new Error("There is no backup.");
    await putObject(world.container(first.destination), `${first.blobBase}.zip`, Buffer.from("zip"), {
      run: first.run ?? "",
    });
    at(10);
    expect(await retain()).toBe(1);
    expect(await world.backups(shop)).toMatchObject([
      { status: "DeleteFailed", log: expect.stringContaining("SAS expired") },
      { status: "Succeeded" },
    ]);
  });

  const blobs = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const { name } of world.container("https://acct.blob.core.windows.net/backups").list(""))
      names.push(name);
    return names;
  };

  it("is not tried again while the SAS is expired, and is as soon as a schedule brings a valid one", async () => {
    at(11);
    expect(await retain()).toBe(0);
    await put(daily, sas("2027-11-23T00:00:00Z"));
    expect(await retain()).toBe(1);
    expect((await statuses())[1]).toBe("Deleted");
    expect(await blobs()).toEqual([]);
  });

  it("is tried again at once when a valid SAS comes for the backup itself", async () => {
    const storageAccountUrl = new Secret(sas("2027-11-23T00:00:00Z"));
    const { backup } = await renewBackupAccess(world.deps)(world.call, shop, {
      backup: 1,
      storageAccountUrl,
      showsSecret: false,
    });
    expect(backup.status).toBe("DeleteInProgress");
    await removals();
    expect((await statuses())[1]).toBe("Deleted");
    expect(await blobs()).toEqual([]);
  });
});

describe("the hourly round", () => {
  it("sees to every site that is there, once an hour, and goes on where a share of it ended", async () => {
    const names = ["a", "b", "c", "d"];
    world = plannedWorld(names);
    for (const name of names) {
      const expires = new Date(start.getTime() + 1_000);
      for (const wish of [{ expires }, {}]) {
        await createBackup(world.deps)(world.call, siteNamed(name), wish);
        await world.endAll();
      }
    }
    at(1);
    const gone: string[] = [];
    const call = {
      ...world.call,
      runner: {
        ...world.call.runner,
        start: async (_workflow: string, _run: string, input: unknown) => {
          // Safe: a deletion's workflow gets a BackupRef.
          gone.push((input as BackupRef).site.name);
          // Each deletion takes three minutes.
          world.clock.time = new Date(world.clock.time.getTime() + 180_000);
        },
      },
    };
    await retainAll(world.deps, async () => undefined)(call);
    expect(gone).toEqual(["a", "b"]);
    await retainAll(world.deps, async () => undefined)(call);
    expect(gone).toEqual(["a", "b", "c", "d"]);
    await createBackup(world.deps)(world.call, siteNamed("a"), { expires: world.clock.time });
    await world.endAll();
    await createBackup(world.deps)(world.call, siteNamed("a"), {});
    await world.endAll();
    await retainAll(world.deps, async () => undefined)(call);
    expect(gone).toHaveLength(4);
    world.clock.time = new Date(world.clock.time.getTime() + 60 * 60_000);
    await retainAll(world.deps, async () => undefined)(call);
    expect(gone).toEqual(["a", "b", "c", "d", "a"]);
  });

  it("comes again after a clock that was ahead has been put right", async () => {
    const seen: string[] = [];
    const round = () => retainAll(world.deps, async ({ name }) => void seen.push(name))(world.call);
    const sites = (await world.deps.sites.list()).length;
    at(365);
    await round();
    at(0);
    await round();
    expect(seen).toHaveLength(2 * sites);
  });

  it("goes on behind a site that makes trouble", async () => {
    await put({ ...daily, startTime: "2030-01-01T00:00:00Z" });
    for (const wish of [{ expires: start }, {}]) {
      await createBackup(world.deps)(world.call, shop, wish);
      await world.endAll();
    }
    await world.deps.catalog.write(sitePartition(siteNamed("blog")), [
      { kind: "put", key: "backup!0000000001", value: { broken: true } },
    ]);
    await retainAll(world.deps, async () => undefined)(world.call);
    await removals();
    expect(await statuses()).toEqual({ 1: "Deleted", 2: "Succeeded" });
  });

  it("keeps the backups of a site that is gone", async () => {
    await put(daily);
    await days(3);
    at(50);
    const { sites } = world;
    sites.delete(siteKey(shop));
    await retainAll(world.deps, async () => undefined)(world.call);
    await removals();
    expect(Object.values(await statuses())).toEqual(["Succeeded", "Succeeded", "Succeeded"]);
  });
});
