import { describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import { afterBackup } from "../../../src/operations/sweeps/after-backup.ts";
import { alignSchedules } from "../../../src/operations/sweeps/align-schedules.ts";
import {
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { deleteBackup } from "../../../src/operations/backups/delete-backup.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { ownerOfName, releaseName, reserveName } from "../../../src/operations/rows/name-rows.ts";
import { readDue } from "../../../src/operations/rows/schedule-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { startDue } from "../../../src/operations/sweeps/start-due.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import type { Call } from "../../../src/ports/call.ts";
import { removeBackup } from "../../../src/steps/backup/remove-backup.ts";
import type { BackupRef } from "../../../src/workflows/contract.ts";
import { dyingAt, everyDeath, type DeathAt } from "../../support/dying.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";

const shop = siteNamed("shop");
const noon = new Date("2026-11-21T12:00:00Z");
const daily = { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 3 };

type World = ReturnType<typeof plannedWorld>;

const configured = async (world: World): Promise<void> => {
  await putBackupConfiguration(world.deps)(
    world.call,
    shop,
    parseConfigurationRequest({ properties: { enabled: true, backupSchedule: daily } }),
  );
};

/** Does `work` in a process that dies; false when it lived through it. */
const inDyingProcess = async (
  world: World,
  death: DeathAt,
  work: (deps: Installation, call: Call) => Promise<unknown>,
): Promise<boolean> => {
  const dying = dyingAt(death);
  const deps = { ...world.deps, catalog: dying.catalog(world.deps.catalog) };
  // What fails with the process is what is tested; that nothing else fails shows in the life that follows.
  await work(deps, dying.call(world.call)).catch(() => undefined);
  return dying.isDead();
};

const minutes = (world: World, count: number): void => {
  world.clock.time = new Date(world.clock.time.getTime() + count * 60_000);
};

/** The processes that come after: their timers, and the runs to their ends. */
const life = async (world: World): Promise<void> => {
  for (let minute = 0; minute < 3; minute++) {
    minutes(world, 1);
    await startDue(world.deps)(world.call);
    await takeUpRuns(world.deps)(world.call);
  }
};

describe("a process that dies at any write", () => {
  it("of the sweep loses no planned run and doubles none", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop"]);
      await configured(world);
      minutes(world, 1);
      const isDead = await inDyingProcess(world, death, (deps, call) => startDue(deps)(call));
      await life(world);
      const started = world.started.filter(({ workflow }) => workflow === "backupSite");
      expect(new Set(started.map(({ run }) => run)).size, JSON.stringify(death)).toBe(1);
      await world.endAll();
      await life(world);
      expect(await world.backups(shop), JSON.stringify(death)).toMatchObject([
        { id: 1, status: "Succeeded", planned: noon.toISOString(), blobBase: "shop_202611211200" },
      ]);
      const { configuration } = await getBackupConfiguration(world.deps)(world.call, shop);
      expect(configuration.nextRun).toBe("2026-11-22T12:00:00.000Z");
      expect(configuration.lastExecutionTime).toBeDefined();
      expect(await readDue(world.deps.catalog, { limit: 10 })).toMatchObject([{ at: "2026-11-22T12:00:00.000Z" }]);
      expect(await readOpenRuns(world.deps.catalog)).toEqual([]);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(10);
  });

  it("of a sweep that finds the site busy leaves one record, and no name taken", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop"]);
      await configured(world);
      const { backup } = await createBackup(world.deps)(world.call, shop, { name: "manual" });
      minutes(world, 1);
      const isDead = await inDyingProcess(world, death, (deps, call) => startDue(deps)(call));
      await life(world);
      expect(await world.backups(shop), JSON.stringify(death)).toMatchObject([
        { id: 1, status: "Created" },
        { id: 2, status: "Skipped" },
      ]);
      // A death between the record and the release of its name leaves it to whoever asks for it.
      const name = { container: backup.destination, blobBase: "shop_202611211200" };
      const next = { site: siteNamed("shop"), since: noon.toISOString(), now: noon };
      expect(await reserveName(world.deps.catalog, name, next), JSON.stringify(death)).toBe(true);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(6);
  });

  it("of retention deletes in the end what is to go, and nothing that stays", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop"]);
      await configured(world);
      for (let day = 0; day < 5; day++) {
        await world.tickAt(new Date(noon.getTime() + day * 86_400_000 + 1_000));
        await world.endAll();
      }
      world.clock.time = new Date(noon.getTime() + 4.5 * 86_400_000);
      const ref = world.started.at(-1)?.input as BackupRef; // A backup's workflow gets a BackupRef.
      const removing = async (deps: Installation, call: Call): Promise<void> => {
        const begun = world.started.splice(0).filter(({ workflow }) => workflow === "deleteBackup");
        for (const { input } of begun) await removeBackup(deps)(input as BackupRef, call); // As above.
      };
      world.started.splice(0);
      const isDead = await inDyingProcess(world, death, async (deps, call) => {
        await afterBackup(deps)(ref, call);
        await removing(deps, call);
      });
      for (let round = 0; round < 3; round++) {
        await life(world);
        await afterBackup(world.deps)(ref, world.call);
        await removing(world.deps, world.call);
      }
      expect(
        (await world.backups(shop)).map(({ id, status }) => `${id} ${status}`),
        JSON.stringify(death),
      ).toEqual(["1 Deleted", "2 Deleted", "3 Succeeded", "4 Succeeded", "5 Succeeded"]);
      await life(world);
      expect(await readOpenRuns(world.deps.catalog), JSON.stringify(death)).toEqual([]);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(12);
  });

  it("of a deletion leaves no name that nobody can have any more", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop"]);
      const { backup } = await createBackup(world.deps)(world.call, shop, { name: "nightly" });
      await deleteBackup(world.deps)(world.call, shop, backup.id);
      const ref = world.started.find(({ workflow }) => workflow === "deleteBackup")?.input as BackupRef; // As above.
      const isDead = await inDyingProcess(world, death, (deps, call) => removeBackup(deps)(ref, call));
      await removeBackup(world.deps)(ref, world.call);
      minutes(world, 1);
      const again = await createBackup(world.deps)(world.call, shop, { name: "nightly" });
      expect(again.backup.blobBase, JSON.stringify(death)).toBe("nightly");
      // An attempt that stood still takes it from nobody.
      await removeBackup(world.deps)(ref, world.call);
      const name = { container: again.backup.destination, blobBase: "nightly" };
      expect(await ownerOfName(world.deps.catalog, name), JSON.stringify(death)).toEqual(shop);
      expect(await readOpenRuns(world.deps.catalog)).toMatchObject([{ run: again.backup.run }]);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(3);
  });

  it("of asking for a backup leaves no name that nobody can have a quarter of an hour later", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop", "blog"]);
      const isDead = await inDyingProcess(world, death, (deps, call) =>
        createBackup(deps)(call, shop, { name: "nightly" }),
      );
      const [made] = await world.backups(shop);
      // Until then its process may come back and write the backup.
      minutes(world, 14);
      const name = { container: "file:///backups/shop", blobBase: "nightly" };
      const isReserved = (await ownerOfName(world.deps.catalog, name)) !== undefined;
      const next = { site: shop, since: "later", now: world.clock.time };
      expect(await reserveName(world.deps.catalog, name, next), JSON.stringify(death)).toBe(!isReserved);
      if (!isReserved) await releaseName(world.deps.catalog, name, next);
      minutes(world, 2);
      const again = await createBackup(world.deps)(world.call, shop, { name: "nightly" });
      expect(again.backup.blobBase === "nightly", JSON.stringify(death)).toBe(made === undefined);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(3);
  });

  it("of the end of an endless run ends it once, and starts whoever waited", async () => {
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(["shop"]);
      const first = (await createBackup(world.deps)(world.call, shop, { name: "first" })).backup;
      await createBackup(world.deps)(world.call, shop, { name: "second" });
      const late = { site: shop, run: first.run ?? "", reason: "It took too long." };
      const isDead = await inDyingProcess(world, death, (deps, call) => endRunLate(deps, call, late));
      // Housekeeping asks again, as long as the run stands there as open.
      for (let minute = 0; minute < 3; minute++) {
        if ((await readSiteRow(world.deps.catalog, shop)).run?.id === late.run)
          await endRunLate(world.deps, world.call, late);
        world.open.delete(late.run);
        await life(world);
      }
      expect(await world.backups(shop), JSON.stringify(death)).toMatchObject([
        { id: 1, status: "TimedOut" },
        { id: 2, status: "Created" },
      ]);
      const { run } = await readSiteRow(world.deps.catalog, shop);
      expect([...world.open.keys()], JSON.stringify(death)).toEqual([run?.id]);
      expect((await readOpenRuns(world.deps.catalog)).map((open) => open.run)).toEqual([run?.id]);
      return isDead;
    });
    expect(deaths).toBeGreaterThanOrEqual(10);
  });

  it("of aligning leaves nothing that the next alignment does not mend", async () => {
    const schedule = {
      ...daily,
      frequencyUnit: "Day",
      keepAtLeastOneBackup: true,
      startTime: noon.toISOString(),
    } as const;
    const names = ["shop", "blog", "wiki"];
    const deaths = await everyDeath(async (death) => {
      const world = plannedWorld(names, { policy: { schedule } });
      world.clock.time = new Date("2026-11-20T00:00:00Z");
      const isDead = await inDyingProcess(world, death, (deps, call) => alignSchedules(deps)(call));
      await alignSchedules(world.deps)(world.call);
      const due = await readDue(world.deps.catalog, { limit: 10 });
      expect(
        due.map(({ site, at }) => `${site.name} ${at}`),
        JSON.stringify(death),
      ).toEqual(names.toSorted().map((name) => `${name} ${noon.toISOString()}`));
      return isDead;
    });
    expect(deaths).toBe(6);
  });
});
