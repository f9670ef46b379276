import { expect, it } from "vitest";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { takeOver } from "../../../src/operations/sweeps/take-over.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import type { Call } from "../../../src/ports/call.ts";
import { dyingAt, everyDeath, type DeathAt } from "../../support/dying.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

/** A process with a store of workflows of its own. */
const processOf = (given: ReturnType<typeof memoryInstallation>, hub: string) => {
  const runs = new Set<string>();
  const deps: Installation = { ...given.deps, hub };
  const call: Call = {
    ...given.call,
    runner: {
      ...given.call.runner,
      start: async (_, run) => void runs.add(run),
      state: async (run) => (runs.has(run) ? "running" : undefined),
    },
  };
  return { deps, call, runs };
};

/** One process had a backup; the second dies while it takes it over, and `last` is who looks after that. */
const takenOverTwice = async (death: DeathAt, last: "the same" | "another"): Promise<boolean> => {
  const given = memoryInstallation();
  const first = processOf(given, "ownone");
  const second = processOf(given, "owntwo");
  await createBackup(first.deps)(first.call, shop, {});
  const [announced] = await readOpenRuns(given.deps.catalog);
  if (announced === undefined) throw new Error("Nothing is announced.");
  const dying = dyingAt(death);
  const dead = { ...second.deps, catalog: dying.catalog(given.deps.catalog) };
  await takeOver(dead, dying.call(second.call), announced).catch((error: unknown) => {
    if (!dying.isDead()) throw error;
  });
  const third = last === "the same" ? second : processOf(given, "ownthree");
  const look = takeUpRuns(third.deps);
  for (let minute = 0; minute < 40; minute++) {
    await look(third.call);
    given.clock.time = new Date(given.clock.time.getTime() + 60_000);
  }
  const about = JSON.stringify({ death, last });
  const { run, epoch } = await readSiteRow(given.deps.catalog, shop);
  expect(third.runs.has(run?.id ?? ""), about).toBe(true);
  expect(first.runs.has(run?.id ?? ""), about).toBe(false);
  if (last === "another") expect(second.runs.has(run?.id ?? ""), about).toBe(false);
  expect(epoch, about).toBeGreaterThan(1);
  expect(await readOpenRuns(given.deps.catalog), about).toMatchObject([{ run: run?.id, hub: third.deps.hub }]);
  const backup = (await readBackup(given.deps.catalog, shop, 1))?.backup;
  expect(backup?.run, about).toBe(run?.id);
  expect(backup?.formerRuns, about).toContain([...first.runs][0]);
  return dying.isDead();
};

it.each(["the same", "another"] as const)(
  "a run is had by one process in the end, wherever the one that took it over died, when %s looks after that",
  async (last) => {
    expect(await everyDeath((death) => takenOverTwice(death, last))).toBe(8);
  },
);
