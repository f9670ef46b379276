// npm run bench:schedules [-- --sites 100000 --table-sites 10000 --check]: what a tick of the sweep costs with very many configured
// sites beside a hundred, in SQLite and in Table Storage (Azurite), and what aligning them once an hour takes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSqliteCatalog } from "../src/adapters/catalog/sqlite.ts";
import { openTableCatalog } from "../src/adapters/catalog/table.ts";
import { Secret } from "../src/domain/secret.ts";
import { alignSchedules } from "../src/operations/sweeps/align-schedules.ts";
import { inheritedConfiguration } from "../src/operations/backups/effective-schedule.ts";
import { configurationKey, dueRunKey, schedulePartition } from "../src/operations/rows/keys.ts";
import { startDue } from "../src/operations/sweeps/start-due.ts";
import type { Catalog, RowChange } from "../src/ports/catalog.ts";
import { startAzurite } from "../test/support/azurite.ts";
import { plannedWorld, siteNamed } from "../test/support/planned-world.ts";
import { median } from "./host/report.ts";

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "100000" },
    "table-sites": { type: "string", default: "10000" },
    check: { type: "boolean", default: false },
  },
});
/** A tick with very many sites may cost so many times one with a hundred. */
const mostRatio = 1.5;
const few = 100;
const ticks = 300;

const nextRun = "2027-06-01T02:00:00.000Z";
const schedule = {
  frequencyInterval: 1,
  frequencyUnit: "Day",
  keepAtLeastOneBackup: true,
  retentionPeriodInDays: 30,
  startTime: nextRun,
} as const;

const fill = async (catalog: Catalog, count: number): Promise<readonly string[]> => {
  const names = Array.from({ length: count }, (_, index) => `site-${index}`);
  for (let from = 0; from < names.length; from += 50) {
    const changes = names.slice(from, from + 50).flatMap((name): RowChange[] => {
      const site = siteNamed(name);
      const value = { ...inheritedConfiguration(site), isOwn: true, schedule, nextRun };
      return [
        { kind: "put", key: configurationKey(site), value },
        { kind: "put", key: dueRunKey(nextRun, site), value: { site, at: nextRun } },
      ];
    });
    await catalog.write(schedulePartition, changes);
  }
  return names;
};

interface Cost {
  readonly tickMs: number;
  readonly alignMs: number;
}

const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
};

const measure = async (catalog: Catalog, count: number): Promise<Cost> => {
  const names = await fill(catalog, count);
  const { deps, call } = plannedWorld(names, { catalog });
  const tickMs = await timeOf(() => startDue(deps)(call));
  const began = performance.now();
  await alignSchedules(deps)(call);
  const alignMs = performance.now() - began;
  await catalog.close();
  return { tickMs, alignMs };
};

const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-"));
const azurite = await startAzurite({ tables: true });
const stores: readonly [string, number, (name: string) => Promise<Catalog>][] = [
  ["SQLite", Number(values.sites), (name) => openSqliteCatalog(join(folder, `${name}.db`))],
  [
    "Table Storage (Azurite)",
    Number(values["table-sites"]),
    (table) => openTableCatalog({ connection: new Secret(azurite.connectionString), table }),
  ],
];
let isMet = true;
for (const [store, many, open] of stores) {
  const base = await measure(await open("few"), few);
  const cost = await measure(await open("many"), many);
  const ratio = cost.tickMs / base.tickMs;
  isMet &&= ratio < mostRatio;
  console.log(
    `${store}: a tick with nothing due takes ${base.tickMs.toFixed(3)} ms with ${few} sites, ${cost.tickMs.toFixed(3)} ms with ${many}: ` +
      `ratio ${ratio.toFixed(2)} (limit ${mostRatio}); aligning ${many} sites takes ${Math.round(cost.alignMs)} ms`,
  );
}
await azurite.stop();
rmSync(folder, { recursive: true });
if (values.check && !isMet) process.exitCode = 1;
