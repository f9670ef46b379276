import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { objectSource } from "../../../src/archive/read/byte-source.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { readManifest } from "../../../src/manifest/read-manifest.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { announceRun, readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { readOperation } from "../../../src/operations/rows/operation-rows.ts";
import { readMarks } from "../../../src/operations/rows/mark-rows.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import { takeOver } from "../../../src/operations/sweeps/take-over.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { backupSteps } from "../../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../../src/workflows/backup-site.ts";
import type { BackupRef, RunRef } from "../../../src/workflows/contract.ts";
import { restoreSite, undoRestore } from "../../../src/workflows/restore-site.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { inlineThreads, shop } from "../../support/installation.ts";
import { Interleaving } from "../../support/interleaving.ts";
import { takeOverStride } from "../../support/long-runs.ts";
import { container, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";
import { runWorkflow } from "../../support/run-workflow.ts";

/** What another process does is not held up. */
const isAnother = new AsyncLocalStorage<true>();

/** A process all of which stands still at one of its calls to a store or the site's host: right before it, or right after. */
class StandsStill extends Interleaving {
  readonly #at: number;
  readonly #meanwhile: () => Promise<void>;
  #calls = 0;
  #still: Promise<void> | undefined;

  constructor(at: number, meanwhile: () => Promise<void>) {
    super(0);
    this.#at = at;
    this.#meanwhile = meanwhile;
  }

  override async gate(): Promise<void> {
    if (isAnother.getStore() === true) return;
    if (this.#calls++ === this.#at) this.#still = isAnother.run(true, this.#meanwhile);
    await this.#still;
  }

  /** Whether it stood still at all; whatever the other did is done. */
  async isOver(): Promise<boolean> {
    await this.#still;
    return this.#still !== undefined;
  }
}

/** A process that ends at one of its calls: right before it, or right after. */
class Dies extends Interleaving {
  readonly #at: number;
  #calls = 0;

  constructor(at: number) {
    super(0);
    this.#at = at;
  }

  override async gate(): Promise<void> {
    if (isAnother.getStore() === true) return;
    if (this.#calls++ >= this.#at) throw new Error("The process is dead.");
  }

  isDead(): boolean {
    return this.#calls > this.#at;
  }
}

let world: RestoreWorld;
let store: Destination;
beforeEach(() => {
  world = restoreWorld();
  store = world.container(container);
  buildTree(
    world.home,
    treeOf({
      "site/wwwroot/index.html": { content: "index" },
      "site/wwwroot/deep/er/file": { content: "deep", mode: 0o640 },
      "site/wwwroot/link": { target: "index.html" },
    }),
  );
  world.settings.now = { appSettings: { MODE: new Secret("backed up") }, connectionStrings: {} };
});
afterEach(() => {
  world.setInterleaving(undefined);
  world.remove();
});

/** Another process takes over whatever runs now, and brings it to its end. */
const another = async (): Promise<void> => {
  const other = { ...world.deps, hub: "ownother" };
  for (const announced of await readOpenRuns(other.catalog)) {
    const before = world.started.length;
    await takeOver(other, world.call, announced);
    for (const { workflow, input } of world.started.slice(before)) {
      if (workflow === "backupSite")
        // Safe, twice: the input of this very workflow.
        await runWorkflow(backupSteps(other), world.call, (wf) => backupSite(wf, input as BackupRef));
      else {
        const body = workflow === "undoRestore" ? undoRestore : restoreSite;
        await runWorkflow(world.steps(), world.call, (wf) => body(wf, input as RunRef));
      }
    }
  }
};

const bytesOf = async (name: string): Promise<Uint8Array> => {
  const { sizeBytes } = (await store.head(name)) ?? { sizeBytes: 0 };
  return store.read(name, { offset: 0, length: sizeBytes });
};

/** Whole, described by its own manifest, and nothing of any other run lies about. */
const expectProven = async (id: number): Promise<void> => {
  const backup = (await readBackup(world.deps.catalog, shop, id))?.backup;
  expect(backup).toMatchObject({ status: "Succeeded" });
  const base = backup?.blobBase ?? "";
  const names: string[] = [];
  for await (const { name, metadata } of store.list(base)) {
    names.push(name);
    expect(metadata["run"], name).toBe(backup?.run);
  }
  expect(names).toEqual([`${base}.xml`, `${base}.zip`].toSorted());
  const zip = await store.head(`${base}.zip`);
  if (zip === undefined) throw new Error("There is no zip.");
  const archive = await openArchive(objectSource(store, zip));
  expect(archive.commitId).toBe(backup?.commitId);
  expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
  expect(readManifest(await bytesOf(`${base}.xml`))).toMatchObject({
    manifest: { archive: { commitId: backup?.commitId }, backup: { run: backup?.run } },
  });
};

const expectNobody = async (): Promise<void> => {
  expect((await world.row()).run).toBeUndefined();
  expect(await readOpenRuns(world.deps.catalog)).toEqual([]);
  expect(await world.scratch()).toEqual([]);
};

/** For every moment there is, or some of them; `work` says whether there was one. */
const everyMoment = async (work: (moment: number) => Promise<boolean>): Promise<number> => {
  for (let moment = 0; ; moment += takeOverStride) if (!(await work(moment))) return moment;
};

describe("a backup whose process stands still while another takes it over and ends it", () => {
  it("is the other's, whole, whatever the first one does when it goes on", async () => {
    const moments = await everyMoment(async (moment) => {
      const still = new StandsStill(moment, another);
      // Its content is another at each, so that no two archives are the same.
      writeFileSync(join(world.home, "site/wwwroot/index.html"), `index ${moment}`);
      const backup: Backup = await world.tryBackUp({ name: `nightly-${moment}` }, standing(still));
      const isOver = await still.isOver();
      world.setInterleaving(undefined);
      await expectProven(backup.id).catch((error: unknown) => {
        throw new Error(`Taken over at moment ${moment}.`, { cause: error });
      });
      await expectNobody();
      return isOver;
    });
    expect(moments).toBeGreaterThan(100);
  });

  it("stays whole where both archives are the same to the byte", async () => {
    const still = new StandsStill(0, another);
    const backup = await world.tryBackUp({ name: "same" }, standing(still, "describeBackup"));
    expect(await still.isOver()).toBe(true);
    expect(backup.formerRuns).toHaveLength(1);
    await expectProven(backup.id);
  });
});

/** The first process' gates open with the first call of its `from`. */
const standing = (still: Interleaving, from: keyof ReturnType<typeof backupSteps> = "openBackup") => {
  const real = backupSteps(world.deps);
  type Step = (input: never, call: never) => Promise<unknown>;
  const step: Step = async (input, call) => {
    world.setInterleaving(still);
    // Safe: called with the input of this very step.
    return (real[from] as Step)(input, call);
  };
  return { [from]: step };
};

const wreck = (): void => {
  const at = (path: string): string => join(world.home, "site/wwwroot", path);
  writeFileSync(at("index.html"), "hacked");
  rmSync(at("deep"), { recursive: true, force: true });
  mkdirSync(at("more"), { recursive: true });
  writeFileSync(at("more/added"), "added");
  world.settings.now = { appSettings: { MODE: new Secret("wrecked") }, connectionStrings: {} };
};

describe("a restore whose process stands still while another takes it over and ends it", () => {
  it(
    "is the other's, whole, and can be undone, whatever the first one does when it goes on",
    { timeout: 900_000 },
    async () => {
      const backup = await world.backUp();
      const backedUp = world.state();
      wreck();
      const wrecked = world.state();
      const moments = await everyMoment(async (moment) => {
        const about = `taken over at moment ${moment}`;
        const still = new StandsStill(moment, another);
        const operation = await world.ask(backup, { configuration: true });
        world.setInterleaving(still);
        await world.run(operation);
        const isOver = await still.isOver();
        world.setInterleaving(undefined);
        expect((await readOperation(world.deps.catalog, shop, operation.id))?.operation.status, about).toBe(
          "Succeeded",
        );
        expect(world.state(), about).toBe(backedUp);
        await expectNobody();
        const undone = await world.undo();
        expect(undone.status, `${about}: ${undone.log}`).toBe("Succeeded");
        expect(world.state(), about).toBe(wrecked);
        expect(world.areas(), about).toEqual([]);
        return isOver;
      });
      expect(moments).toBeGreaterThan(100);
    },
  );
});

describe("an undo whose process stands still while another takes it over and ends it", () => {
  it("is the other's, whatever the first one does when it goes on", async () => {
    const backup = await world.backUp();
    wreck();
    const wrecked = world.state();
    const moments = await everyMoment(async (moment) => {
      await world.restore(backup, { configuration: true });
      const still = new StandsStill(moment, another);
      await world.undo({
        stopSite: async (input, call) => {
          world.setInterleaving(still);
          return world.steps().stopSite(input, call);
        },
      });
      const isOver = await still.isOver();
      world.setInterleaving(undefined);
      expect(world.state(), `taken over at moment ${moment}`).toBe(wrecked);
      expect(world.areas()).toEqual([]);
      await expectNobody();
      return isOver;
    });
    expect(moments).toBeGreaterThan(30);
  });
});

/** What a dead process had is taken over; what it had ended is cleared away. */
const afterDeath = (): Promise<void> =>
  isAnother.run(true, async () => {
    await another();
    world.clock.time = new Date(world.clock.time.getTime() + 120_000);
    const look = takeUpRuns({ ...world.deps, hub: "ownother" });
    // It was dead long before.
    for (const { run, site, since } of await readOpenRuns(world.deps.catalog))
      await announceRun({ catalog: world.deps.catalog, hub: "ownother" }, { run, site, since });
    await look(world.call);
  });

/** Whom the news is of that alarms wait for. */
const news = async (): Promise<readonly unknown[]> => {
  const marks = await readMarks(world.deps.catalog, 1_000);
  return marks.map(({ backup, restore }) => backup?.id ?? restore?.id);
};

describe("a process that dies, at any moment of", () => {
  it("a backup, leaves a whole one to whoever takes it over, and news of it", async () => {
    const moments = await everyMoment(async (moment) => {
      const dying = new Dies(moment);
      writeFileSync(join(world.home, "site/wwwroot/index.html"), `index ${moment}`);
      const id = (await world.row()).nextBackupId;
      await world.tryBackUp({ name: `nightly-${moment}` }, standing(dying)).catch((error: unknown) => {
        if (!dying.isDead()) throw error;
      });
      await afterDeath();
      world.setInterleaving(undefined);
      await expectProven(id);
      expect((await world.row()).run).toBeUndefined();
      expect(await readOpenRuns(world.deps.catalog)).toEqual([]);
      expect(await news(), `dead at moment ${moment}`).toContain(id);
      return dying.isDead();
    });
    expect(moments).toBeGreaterThan(100);
  });

  it("a restore, leaves a whole site to whoever takes it over, and what can be undone", async () => {
    const backup = await world.backUp();
    const backedUp = world.state();
    wreck();
    const wrecked = world.state();
    const moments = await everyMoment(async (moment) => {
      const about = `dead at moment ${moment}`;
      const dying = new Dies(moment);
      const operation = await world.ask(backup, { configuration: true });
      world.setInterleaving(dying);
      await world.run(operation).catch((error: unknown) => {
        if (!dying.isDead()) throw error;
      });
      await afterDeath();
      world.setInterleaving(undefined);
      expect((await readOperation(world.deps.catalog, shop, operation.id))?.operation.status, about).toBe("Succeeded");
      expect(world.state(), about).toBe(backedUp);
      expect(await readOpenRuns(world.deps.catalog), about).toEqual([]);
      expect(await news(), about).toContain(operation.id);
      expect((await world.undo()).status, about).toBe("Succeeded");
      expect(world.state(), about).toBe(wrecked);
      expect(world.areas(), about).toEqual([]);
      return dying.isDead();
    });
    expect(moments).toBeGreaterThan(100);
  });
});
