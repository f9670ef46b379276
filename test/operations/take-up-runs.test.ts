import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../src/domain/secret.ts";
import { createBackup } from "../../src/operations/create-backup.ts";
import { deleteBackup } from "../../src/operations/delete-backup.ts";
import { announceRun, readOpenRuns } from "../../src/operations/rows/open-run-rows.ts";
import { takeUpRuns } from "../../src/operations/take-up-runs.ts";
import type { Call } from "../../src/ports/call.ts";
import type { RunState } from "../../src/ports/workflow-runner.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
let states: Map<string, RunState>;
let purged: string[];
let call: Call;
beforeEach(() => {
  given = memoryInstallation();
  states = new Map();
  purged = [];
  call = {
    ...given.call,
    runner: {
      ...given.call.runner,
      state: async (run) => states.get(run),
      purge: async (run) => void purged.push(run),
    },
  };
});

const storageAccountUrl = new Secret("https://acct.blob.core.windows.net/backups?sr=c&sp=rwdl&sig=planted");
const died = new Error("the process died");
const dying: Call["runner"]["start"] = () => Promise.reject(died);
const later = (seconds: number): void => {
  given.clock.time = new Date(given.clock.time.getTime() + seconds * 1_000);
};
const started = (): readonly string[] => given.started.map(({ workflow }) => workflow);

describe("what nobody started", () => {
  it("is a backup whose process died between its row and its start: it is started after ten seconds", async () => {
    const dead = { ...call, runner: { ...call.runner, start: dying } };
    await expect(createBackup(given.deps)(dead, shop, { storageAccountUrl })).rejects.toThrow(died);
    await takeUpRuns(given.deps)(call);
    expect(started()).toEqual([]);
    later(11);
    await takeUpRuns(given.deps)(call);
    expect(started()).toEqual(["backupSite"]);
  });

  it("is a deletion whose process died between its row and its start", async () => {
    const { backup } = await createBackup(given.deps)(call, shop, { storageAccountUrl });
    const dead = { ...call, runner: { ...call.runner, start: dying } };
    await expect(deleteBackup(given.deps)(dead, shop, backup.id)).rejects.toThrow(died);
    later(11);
    await takeUpRuns(given.deps)(call);
    expect(started()).toEqual(["backupSite", "deleteBackup"]);
  });

  it("is forgotten where no row took it up", async () => {
    await announceRun(given.deps.catalog, { run: "backup-9-x", site: shop, since: given.clock.time.toISOString() });
    later(61);
    await takeUpRuns(given.deps)(call);
    expect(started()).toEqual([]);
    expect(await readOpenRuns(given.deps.catalog)).toEqual([]);
  });
});

describe("a run that owns its site", () => {
  it("is left alone while its workflow runs", async () => {
    const { backup } = await createBackup(given.deps)(call, shop, { storageAccountUrl });
    states.set(backup.run ?? "", "running");
    later(3_600);
    await takeUpRuns(given.deps)(call);
    expect(started()).toEqual(["backupSite"]);
  });

  it("is started anew when its workflow ended without closing it, twice and no more", async () => {
    const { backup } = await createBackup(given.deps)(call, shop, { storageAccountUrl });
    states.set(backup.run ?? "", "failed");
    for (let round = 0; round < 5; round++) {
      later(20);
      await takeUpRuns(given.deps)(call);
    }
    expect(purged).toEqual([backup.run, backup.run]);
    expect(started()).toEqual(["backupSite", "backupSite", "backupSite"]);
  });
});
