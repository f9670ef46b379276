import { describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import {
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { alignSchedules } from "../../../src/operations/sweeps/align-schedules.ts";
import { nameKey, namesPartition } from "../../../src/operations/rows/keys.ts";
import { readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { readDue } from "../../../src/operations/rows/schedule-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { startDue } from "../../../src/operations/sweeps/start-due.ts";
import { Interleaving } from "../../support/interleaving.ts";
import { seedCount } from "../../support/long-runs.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";

const names = ["shop", "blog"];
const schedule = { frequencyInterval: 1, frequencyUnit: "Day", startTime: "2026-11-21T11:00:00Z" };

describe("sweeps at the same time, in any order of their requests", () => {
  it.each(Array.from({ length: seedCount * 5 }, (_, seed) => seed))(
    "start each planned run once, and leave no name or run behind (seed %i)",
    async (seed) => {
      const world = plannedWorld(names);
      for (const name of names)
        await putBackupConfiguration(world.deps)(
          world.call,
          siteNamed(name),
          parseConfigurationRequest({ properties: { enabled: true, backupSchedule: schedule } }),
        );
      const order = new Interleaving(seed);
      const instances = [0, 1, 2].map(() => ({ ...world.deps, catalog: order.gated(world.deps.catalog) }));
      const [first] = instances;
      if (first === undefined) throw new Error("There is no instance.");
      const manual = createBackup(first)(world.call, siteNamed("shop"), { name: "manual" }).catch(() => undefined);
      await Promise.all([
        ...instances.map((instance) => startDue(instance)(world.call)),
        alignSchedules(first)(world.call),
      ]);
      await manual;
      await world.endAll();
      await world.endAll();
      for (const name of names) {
        const planned = (await world.backups(siteNamed(name))).filter(({ scheduled }) => scheduled);
        expect(planned).toMatchObject([{ planned: "2026-11-21T11:00:00.000Z" }]);
        const [backup] = planned;
        // Skipped only where the backup by hand was faster.
        if (name === "blog") expect(backup?.status).toBe("Succeeded");
        expect((await readSiteRow(world.deps.catalog, siteNamed(name))).run).toBeUndefined();
        const { configuration } = await getBackupConfiguration(world.deps)(world.call, siteNamed(name));
        expect(configuration.nextRun).toBe("2026-11-22T11:00:00.000Z");
        const reserved = await world.deps.catalog.get(
          namesPartition(`file:///backups/${name}`),
          nameKey(`${name}_202611211100`),
        );
        expect(reserved !== undefined, "the name is reserved").toBe(backup?.status === "Succeeded");
      }
      expect(await readDue(world.deps.catalog, { limit: 10 })).toHaveLength(2);
      const open = await readOpenRuns(world.deps.catalog);
      // One of the backup by hand may stand there for a minute.
      expect(open.filter(({ site }) => site.name === "blog")).toEqual([]);
    },
  );
});
