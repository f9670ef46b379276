import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Alarm } from "../../../src/domain/alarm.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { tendAlarms } from "../../../src/operations/alarms/tend-alarms.ts";
import { cancelOperation } from "../../../src/operations/restores/cancel-operation.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { watchPartition } from "../../../src/operations/rows/keys.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import type { RunRef } from "../../../src/workflows/contract.ts";
import { undoRestore } from "../../../src/workflows/restore-site.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { shop } from "../../support/installation.ts";
import { restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";
import { runWorkflow } from "../../support/run-workflow.ts";
import { catalogWith } from "../../support/catalog-with.ts";

let world: RestoreWorld;
let backup: Backup;
let taken: Alarm[];
beforeEach(async () => {
  world = restoreWorld();
  taken = [];
  buildTree(world.home, treeOf({ "site/wwwroot/index.html": { content: "index" } }));
  backup = await world.backUp({ name: "nightly" });
  writeFileSync(join(world.home, "site/wwwroot/index.html"), "hacked");
});
afterEach(() => world.remove());

/** Everybody who is to be told is; twice, for a round is run again after a crash. */
const told = async (): Promise<readonly string[]> => {
  const hook = { kind: "webhook", url: new Secret("https://hooks.example/"), form: "cloudevents" } as const;
  const deps: Installation = {
    ...world.deps,
    policy: { ...world.deps.policy, alarms: { channels: { webhook: hook }, missedIntervals: 2 } },
    notifier: { addressProblem: () => undefined, send: async (_, alarm) => void taken.push(alarm) },
  };
  for (let round = 0; round < 3; round++) {
    await tendAlarms(deps)(world.call);
    world.clock.time = new Date(world.clock.time.getTime() + 1_000);
  }
  return taken.filter(({ restore }) => restore !== undefined).map(({ kind, title }) => `${kind}: ${title}`);
};

const no = async () => ({ ok: false, code: "Failed", message: "No." }) as const;
const throws = () => Promise.reject(new Error("the command failed"));

describe("whoever started a restore at night", () => {
  it("hears nothing of one that went well, nor of its undo", async () => {
    await world.restore(backup);
    await world.undo();
    expect(await told()).toEqual([]);
  });

  it("hears once of one that failed and was put back, with its log", async () => {
    const operation = await world.ask(backup);
    await world.run(operation, { restoreConfiguration: no });
    expect(await told()).toEqual([
      "restore-failed: shop: the restore of nightly.zip failed; the site's content is as it was",
    ]);
    // A late attempt of its last step says it again.
    await world.steps().closeRestore({ site: shop, run: operation.run, epoch: 2, reports: [] }, world.call);
    expect(await told()).toHaveLength(1);
    expect(taken[0]?.text).toMatch(/^No\./);
  });

  it("hears of one that ended half, and of an undo that could not put it back", async () => {
    await world.restore(backup, {}, { restoreConfiguration: no, putBack: no });
    await world.undo({ putBack: no });
    expect(await told()).toEqual([
      "restore-failed: shop: the restore of nightly.zip failed; what came of it is in the site, and undo tries to put that back",
      "restore-failed: shop: the undo of its last restore failed; nothing was put back",
    ]);
  });

  it("hears that the site stayed stopped", async () => {
    await world.restore(backup, {}, { startSite: throws });
    expect(await told()).toEqual([
      "restore-failed: shop: the restore of nightly.zip failed; what came of it is in the site, and undo tries to put that back; the site is still stopped",
    ]);
    expect(taken[0]?.text).toMatch(/\nThe site is still stopped: start it by hand\.\n/);
  });

  it("hears of an undo that put everything back that the site stayed stopped, and not that nothing was", async () => {
    await world.restore(backup);
    await world.undo({ startSite: throws });
    expect(await told()).toEqual([
      "restore-failed: shop: the undo of its last restore failed; the site is still stopped",
    ]);
    expect(taken[0]?.text).toContain("What was replaced was put back.");
  });

  it("hears nothing of one that was taken back before it touched the site", async () => {
    const operation = await world.ask(backup);
    await cancelOperation(world.deps)(world.call, shop, operation.id);
    await world.run(operation);
    expect(await told()).toEqual([]);
  });

  it("hears that its run was given up, and that the site was put back", async () => {
    const { run } = await world.ask(backup);
    await endRunLate(world.deps, world.call, { site: shop, run, reason: "It ended three times." });
    const settling = world.started.at(-1)?.input as RunRef; // Safe: an undo's workflow gets a RunRef.
    await runWorkflow(world.steps(), world.call, (wf) => undoRestore(wf, settling));
    expect(await told()).toEqual([
      "restore-failed: shop: the restore of nightly.zip failed; the site is being put back by itself",
      "restore-put-back: shop: the site was put back to what it was before its restore",
    ]);
  });

  it("hears of it too when the process that gave it up died right then", async () => {
    const { run } = await world.ask(backup);
    const { catalog } = world.deps;
    const dying: Installation = {
      ...world.deps,
      catalog: catalogWith(catalog, {
        write: (partition, changes) => (partition === watchPartition ? throws() : catalog.write(partition, changes)),
      }),
    };
    await expect(endRunLate(dying, world.call, { site: shop, run, reason: "No." })).rejects.toThrow();
    world.clock.time = new Date(world.clock.time.getTime() + 70_000);
    await takeUpRuns(world.deps)(world.call);
    expect(await told()).toEqual([expect.stringContaining("is being put back by itself")]);
  });

  it("hears that the site of a restore is gone", async () => {
    const operation = await world.ask(backup);
    rmSync(join(world.home), { recursive: true });
    await world.run(operation);
    expect(await told()).toHaveLength(1);
  });
});
