import { expect, it } from "vitest";
import type { Backup } from "../../../src/domain/backup.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { tendAlarms } from "../../../src/operations/alarms/tend-alarms.ts";
import { deleteBackup } from "../../../src/operations/backups/delete-backup.ts";
import { insertBackup, readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { markSite } from "../../../src/operations/rows/mark-rows.ts";
import { readWatch } from "../../../src/operations/rows/watch-rows.ts";
import { removeBackup } from "../../../src/steps/backup/remove-backup.ts";
import { noteVerified } from "../../../src/steps/verify/note-damage.ts";
import { dyingAt, everyDeath } from "../../support/dying.ts";
import { shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { alarmWorld } from "./alarm-world.ts";

const old = keptBackup({ id: 1, finished: "2026-11-19T12:00:00.000Z" });
const newest = keptBackup({ id: 2, finished: "2026-11-20T12:00:00.000Z" });
const whole = { quick: false, checked: 1, entries: 1, sizeBytes: 1, faultCount: 0, faults: [] };

/** What is remembered as the newest good backup after `work`, whenever the process that does it dies and another does it again. */
const newestAfter = async (kept: readonly Backup[], work: (deps: Installation) => Promise<unknown>) => {
  const found = new Set<string | undefined>();
  const deaths = await everyDeath(async (death) => {
    const world = alarmWorld();
    const tend = tendAlarms(world.deps);
    await world.deps.catalog.write(sitePartition(shop), kept.map(insertBackup));
    await markSite(world.deps.catalog, shop);
    await tend(world.call);
    const dying = dyingAt(death);
    await work({ ...world.deps, catalog: dying.catalog(world.deps.catalog) }).catch(() => undefined);
    await tend(world.call);
    if (dying.isDead()) await work(world.deps);
    await tend(world.call);
    found.add((await readWatch(world.deps.catalog, shop))?.watch?.newestGood);
    return dying.isDead();
  });
  expect(deaths).toBeGreaterThan(2);
  return [...found];
};

it("the newest good backup is the one before it, once it is found damaged", async () => {
  const faulty = { ...whole, faultCount: 1, faults: [] };
  expect(await newestAfter([old, newest], (deps) => noteVerified(deps, newest, faulty))).toEqual([old.finished]);
});

it("the newest good backup is good again, once it is found whole", async () => {
  const damaged = { ...newest, damaged: "2026-11-21T00:00:00.000Z" };
  expect(await newestAfter([old, damaged], (deps) => noteVerified(deps, newest, whole))).toEqual([newest.finished]);
});

it("the newest good backup is the one before it, once it is deleted", async () => {
  const world = alarmWorld();
  const remove = async (deps: Installation) => {
    const found = await readBackup(deps.catalog, shop, 2);
    if (found?.backup.status === "Succeeded") await deleteBackup(deps)(world.call, shop, 2);
    await removeBackup(deps)({ site: shop, run: "delete-2-c", epoch: 0, backup: 2 }, world.call);
  };
  expect(await newestAfter([old, newest], remove)).toEqual([old.finished]);
});
