import { expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { announceRun } from "../../../src/operations/rows/open-run-rows.ts";
import { tellWhatGoesOn } from "../../../src/operations/sweeps/tell-what-goes-on.ts";
import type { Call } from "../../../src/ports/call.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

it("names once, after a start, the runs that go on, and none that ended or began later", async () => {
  const { deps, call, clock, started } = memoryInstallation();
  const told: unknown[] = [];
  const telling: Call = {
    ...call,
    log: { ...call.log, info: (event, fields) => void told.push([event, fields]) },
    runner: { ...call.runner, state: async (run) => (run === "delete-1-done" ? "completed" : "running") },
  };
  const storageAccountUrl = new Secret("https://acct.blob.core.windows.net/backups?sr=c&sp=rwdl&sig=planted");
  const { backup } = await createBackup(deps)(call, shop, { storageAccountUrl });
  await announceRun(deps, { run: "delete-1-done", site: shop, since: clock.time.toISOString(), deletes: 1 });
  const since = clock.time.toISOString();
  clock.time = new Date(clock.time.getTime() + 1_000);
  const tell = tellWhatGoesOn(deps);
  await announceRun(deps, { run: "backup-2-later", site: shop, since: clock.time.toISOString() });
  for (let round = 0; round < 2; round++) await tell(telling);
  const runs = `${started[0]?.run} of shop, since ${since}`;
  expect(backup.run).toBe(started[0]?.run);
  expect(told).toEqual([["what was under way before the start goes on", { runs }]]);

  told.length = 0;
  const many = tellWhatGoesOn(deps);
  for (let run = 0; run < 12; run++) await announceRun(deps, { run: `backup-3-${run}`, site: shop, since });
  await many(telling);
  expect(JSON.stringify(told)).toContain("; and 3 more");
});

it("asks again where the catalog was away at first, and says nothing where nothing goes on", async () => {
  const { deps, call } = memoryInstallation();
  const told: string[] = [];
  const telling: Call = { ...call, log: { ...call.log, info: (event) => void told.push(event) } };
  let asked = 0;
  const list: typeof deps.catalog.list = async (...of) => {
    asked++;
    if (asked === 1) throw new Error("away");
    return deps.catalog.list(...of);
  };
  const tell = tellWhatGoesOn({ ...deps, catalog: { ...deps.catalog, list } });
  await expect(tell(telling)).rejects.toThrow("away");
  await tell(telling);
  await tell(telling);
  expect(asked).toBe(2);
  expect(told).toEqual([]);
});
