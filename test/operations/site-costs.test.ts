import { expect, it } from "vitest";
import { siteLabel, type SiteId } from "../../src/domain/site.ts";
import { insertBackup } from "../../src/operations/rows/backup-rows.ts";
import { configurationKey, schedulePartition, sitePartition, siteRowKey } from "../../src/operations/rows/keys.ts";
import { siteStates } from "../../src/operations/sites/site-states.ts";
import { resealSecrets } from "../../src/operations/sweeps/reseal-secrets.ts";
import { keptBackup } from "../support/kept-backup.ts";
import { MemoryCatalog } from "../support/memory-catalog.ts";
import { plannedWorld, siteNamed } from "../support/planned-world.ts";
import { catalogWith } from "../support/catalog-with.ts";

const names = Array.from({ length: 100 }, (_, index) => `site-${String(index).padStart(3, "0")}`);
const damaged = { what: "nobody knows" };

/** A hundred sites with two backups each, and how often their catalog is asked. */
const manySites = async () => {
  const real = new MemoryCatalog();
  const count = { requests: 0 };
  const counted = <Arguments extends unknown[], Result>(work: (...given: Arguments) => Result) => {
    return (...given: Arguments): Result => {
      count.requests++;
      return work(...given);
    };
  };
  const catalog = catalogWith(real, {
    get: counted((...given) => real.get(...given)),
    list: counted((...given) => real.list(...given)),
  });
  const add = async (site: SiteId): Promise<void> => {
    const backups = [1, 2].map((id) => insertBackup({ ...keptBackup(), site, id }));
    const row = { kind: "put", key: siteRowKey, value: { nextBackupId: 3, epoch: 7 } } as const;
    await real.write(sitePartition(site), [...backups, row]);
    const value = { site, isOwn: true, backupName: `b-${site.name}`, enabled: false };
    await real.write(schedulePartition, [{ kind: "put", key: configurationKey(site), value }]);
  };
  for (const name of names) await add(siteNamed(name));
  return { ...plannedWorld(names, { catalog }), count };
};

it("how all sites stand costs one request a site, and is what it is of each, in their order", async () => {
  const { deps, call, count } = await manySites();
  const [first = "", second = ""] = names;
  await deps.catalog.write(sitePartition(siteNamed(first)), [{ kind: "put", key: siteRowKey, value: damaged }]);
  const key = configurationKey(siteNamed(second));
  await deps.catalog.write(schedulePartition, [{ kind: "put", key, value: damaged }]);
  const states = await siteStates(deps, call, () => true);
  expect(count.requests).toBeLessThanOrEqual(names.length + 2);
  expect(states.map(({ site }) => siteLabel(site.id))).toEqual(names);
  for (const state of states.slice(0, 2)) expect(state).toHaveProperty("problem");
  for (const state of states.slice(2))
    expect(state).toMatchObject({
      restorable: 2,
      row: { epoch: 7 },
      last: { id: 2 },
      configuration: { backupName: `b-${state.site.id.name}` },
    });
  expect(await siteStates(deps, call, ({ name }) => name === "site-050")).toEqual([states[50]]);
});

it("to look for secrets that are sealed with an older key costs one request a site", async () => {
  const { deps, call, count } = await manySites();
  await resealSecrets(deps)(call);
  expect(count.requests).toBeLessThanOrEqual(names.length + 2);
});
