import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backup } from "../../../src/domain/backup.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { insertLoadedDatabase, readLoadedDatabases } from "../../../src/operations/rows/loaded-database-rows.ts";
import { readOperation, type Operation } from "../../../src/operations/rows/operation-rows.ts";
import { changeSite, takenBy } from "../../../src/operations/rows/site-row.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { shop } from "../../support/installation.ts";
import { Interleaving } from "../../support/interleaving.ts";
import { seedCount } from "../../support/long-runs.ts";
import { forwardSteps, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
let backup: Backup;
let backedUp: string;
let wrecked: string;
beforeEach(async () => {
  world = restoreWorld();
  const tree = treeOf({
    "site/wwwroot/index.html": { content: "index" },
    "site/wwwroot/same": { content: "same" },
    "site/wwwroot/deep/er/file": { content: "deep", mode: 0o640 },
    "site/wwwroot/turns": { content: "a file that becomes a folder" },
    "site/wwwroot/folder/x": { content: "a folder that becomes a link" },
    "site/wwwroot/link": { target: "index.html" },
  });
  buildTree(world.home, tree);
  world.settings.now = { appSettings: { MODE: new Secret("backed up") }, connectionStrings: {} };
  backup = await world.backUp();
  backedUp = world.state();
  wreck();
  wrecked = world.state();
});
afterEach(() => {
  world.setInterleaving(undefined);
  world.remove();
});

const wreck = (): void => {
  const at = (path: string): string => join(world.home, "site/wwwroot", path);
  writeFileSync(at("index.html"), "hacked");
  rmSync(at("deep"), { recursive: true });
  rmSync(at("turns"));
  mkdirSync(at("turns"));
  writeFileSync(at("turns/inside"), "inside");
  rmSync(at("folder"), { recursive: true });
  symlinkSync("/tmp", at("folder"));
  writeFileSync(at("added"), "added");
  world.settings.now = { appSettings: { MODE: new Secret("wrecked") }, connectionStrings: {} };
};

const ended = new Error("the process ends here");

/** Ends the process at the given point, that many times in a row; tells how many points there were. */
const endAt = (wanted: number, times = 1): { readonly seen: () => number } => {
  let point = 0;
  let left = times;
  world.setFault(() => {
    if (point++ < wanted || left === 0) return;
    left--;
    throw ended;
  });
  return { seen: () => point };
};

const nothingIsLeft = async (areas: number): Promise<void> => {
  expect(await world.scratch()).toEqual([]);
  expect(world.areas()).toHaveLength(areas);
  expect((await world.row()).run).toBeUndefined();
};

describe("a restore that is cut off", () => {
  it("ends fully restored when the step is run again, wherever in the swap it ended", async () => {
    const counting = endAt(Infinity);
    await world.restore(backup, { configuration: true });
    expect(world.state()).toBe(backedUp);
    const points = counting.seen();
    expect(points).toBeGreaterThan(15);
    for (let point = 0; point < points; point++) {
      world.setFault(undefined);
      await world.undo();
      expect(world.state(), `undone before point ${point}`).toBe(wrecked);
      endAt(point);
      const done = await world.restore(backup, { configuration: true });
      expect(done.status).toBe("Succeeded");
      expect(world.state(), `cut off at point ${point}`).toBe(backedUp);
      await nothingIsLeft(1);
    }
  });

  it("ends fully as before when the step keeps ending, wherever in the swap that is", async () => {
    const counting = endAt(Infinity);
    await world.restore(backup, { configuration: true });
    const points = counting.seen();
    await world.undo();
    for (let point = 0; point < points; point++) {
      // Both attempts at the swap end, and so does the first at putting back.
      endAt(point, 3);
      const done = await world.restore(backup, { configuration: true });
      // At the last points all is done, and the second attempt sees it.
      expect(done.status).toBe(point < points - 1 ? "Failed" : "Succeeded");
      expect(world.state(), `cut off at point ${point}`).toBe(done.status === "Failed" ? wrecked : backedUp);
      await nothingIsLeft(done.status === "Failed" ? 0 : 1);
    }
  });

  it("is undone fully, wherever the undo was cut off", async () => {
    await world.restore(backup, { configuration: true });
    const counting = endAt(Infinity);
    await world.undo();
    const points = counting.seen();
    for (let point = 0; point < points; point++) {
      world.setFault(undefined);
      await world.restore(backup, { configuration: true });
      expect(world.state()).toBe(backedUp);
      endAt(point);
      expect(await world.undo()).toMatchObject({ status: "Succeeded" });
      expect(world.state(), `cut off at point ${point}`).toBe(wrecked);
      // At the last point the rests themselves are removed: then the site's next run does it.
      await nothingIsLeft(point < points - 1 ? 0 : 1);
    }
  });
});

describe("a step of a restore that fails", () => {
  it("is one of those that bring a restore forward, which are all there are", async () => {
    const { steps } = await world.restore(backup, { configuration: true });
    expect(steps).toEqual([...forwardSteps, "startSite", "closeRestore"]);
  });

  it.each(forwardSteps)("leaves the site as it was, and running: %s throws before it begins", async (name) => {
    const dying = { [name]: () => Promise.reject(ended) };
    const done = await world.restore(backup, { configuration: true }, dying);
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining(`The step ${name} failed`) });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });

  it.each(forwardSteps)("leaves the site as it was, and running: %s does its work and then says no", async (name) => {
    const real = world.steps();
    const dying = {
      [name]: async (input: never, call: never) => {
        await real[name as "swapIn"](input, call);
        return { ok: false, code: "Failed", message: "No." };
      },
    };
    const done = await world.restore(backup, { configuration: true }, dying);
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining("No.") });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });

  it("can be taken up by an undo when nothing could be put back", async () => {
    const done = await world.restore(
      backup,
      { configuration: true },
      {
        restoreConfiguration: async () => ({ ok: false, code: "Failed", message: "No." }),
        putBack: () => Promise.reject(ended),
      },
    );
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining("could not be put back") });
    expect((await world.row()).undo?.run).toBe(done.run);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });
});

describe("a restore that failed and could not put its databases back", () => {
  it("stays the one to undo after the next backup, though its files were never exchanged", async () => {
    const done = await world.restore(
      backup,
      {},
      {
        swapIn: async ({ run }) => {
          const switched = insertLoadedDatabase({
            run,
            place: 0,
            reference: { type: "MySql", name: "orders" },
            databaseSecrets: "",
            token: "feedfeedfeedfeed",
            replaces: true,
            scratches: ["lifeboat_s_feedfeedfeedfeed_1"],
            chosen: "lifeboat_s_feedfeedfeedfeed_1",
            state: "switched",
          });
          await world.deps.catalog.write(sitePartition(shop), [switched]);
          return { ok: false, code: "Failed", message: "No." };
        },
        putBack: () => Promise.reject(ended),
      },
    );
    expect(done).toMatchObject({ status: "Failed", half: true });
    expect((await world.row()).undo?.run).toBe(done.run);
    await world.backUp();
    expect((await world.row()).undo?.run).toBe(done.run);
    expect(await readLoadedDatabases(world.deps.catalog, shop, done.run)).toHaveLength(1);
  });
});

describe("a restore that is given up", () => {
  /** As the run ends that puts the site in order. */
  const settled = async (given: Operation) => {
    const warned: string[] = [];
    const log = { ...world.call.log, warn: (event: string) => void warned.push(event) };
    world.setFault(undefined);
    await endRunLate(world.deps, { ...world.call, log }, { site: shop, run: given.run, reason: "It kept ending." });
    expect(warned).toEqual(["the site of a restore that was given up is put back"]);
    const { run } = await world.row();
    const found = await readOperation(world.deps.catalog, shop, run?.operation ?? "");
    if (found === undefined) throw new Error("Nobody puts the site back.");
    return world.run(found.operation);
  };

  it("leaves the site as it was, running, and without waiting for its next run, wherever it ended", async () => {
    const counting = endAt(Infinity);
    await world.restore(backup, { configuration: true });
    const points = counting.seen();
    await world.undo();
    for (let point = 0; point < points - 1; point++) {
      const operation = await world.ask(backup, { configuration: true });
      endAt(point, Infinity);
      const never = { startSite: () => Promise.reject(ended), closeRestore: () => Promise.reject(ended) };
      await expect(world.run(operation, never)).rejects.toThrow();
      expect(world.state(), `stopped at point ${point}`).not.toBe(wrecked);
      expect(await settled(operation), `given up at point ${point}`).toMatchObject({ status: "Succeeded" });
      expect(world.state(), `given up at point ${point}`).toBe(wrecked);
      expect(world.areas()).toEqual([]);
      expect((await world.row()).run).toBeUndefined();
    }
  });

  it("keeps what the restore before it had replaced, also when it had not begun", async () => {
    await world.restore(backup, { configuration: true });
    const { undo } = await world.row();
    const operation = await world.ask(backup, { configuration: true });
    expect(await settled(operation)).toMatchObject({ status: "Succeeded" });
    expect((await world.row()).undo).toEqual(undo);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });
});

/** Every step of these is begun twice; the first answer counts, the other attempt goes on as long as it likes. */
const doubled = (late: Promise<unknown>[]) => {
  const real = world.steps();
  return Object.fromEntries(
    Object.entries(real).map(([name, step]) => [
      name,
      (input: never, call: never) => {
        const attempts = [step(input, call), step(input, call)];
        late.push(...attempts.map((attempt) => attempt.catch(() => undefined)));
        return Promise.race(attempts);
      },
    ]),
  );
};

describe("steps that run twice at the same time", () => {
  it.each(Array.from({ length: seedCount }, (_, index) => index + 1))(
    "end well in the order of seed %i",
    async (seed) => {
      const late: Promise<unknown>[] = [];
      world.setInterleaving(new Interleaving(seed));
      const done = await world.restore(backup, { configuration: true }, doubled(late));
      await Promise.all(late);
      // Two attempts may both give up for each other: then the site is as it was.
      expect(world.state()).toBe(done.status === "Succeeded" ? backedUp : wrecked);
      await nothingIsLeft(done.status === "Succeeded" ? 1 : 0);
      if (done.status !== "Succeeded") return;
      const undone = await world.undo(doubled(late));
      await Promise.all(late);
      expect(undone.status).toBe("Succeeded");
      expect(world.state()).toBe(wrecked);
      await nothingIsLeft(0);
    },
  );
});

describe("a run that lost its site", () => {
  const takeOver = () =>
    changeSite(world.deps.catalog, shop, (row) => ({
      row: takenBy(row, { id: "other", kind: "backup", backup: 99, since: "2026-11-21T12:00:00Z" }),
      result: undefined,
    }));

  it.each([...forwardSteps.filter((name) => name !== "restoreConfiguration"), "putBack"] as const)(
    "changes nothing any more: %s",
    async (name) => {
      const real = world.steps();
      const operation = await world.ask(backup, { configuration: true });
      const answers: unknown[] = [];
      await world.run(operation, {
        ...(name === "putBack" ? { swapIn: async () => ({ ok: false, code: "Failed", message: "No." }) } : {}),
        [name]: async (input: never, call: never) => {
          if (answers.length === 0) await takeOver();
          const answer = await real[name as "swapIn"](input, call);
          answers.push(answer);
          return answer;
        },
      });
      expect(answers[0]).toMatchObject({ ok: false, code: "RunLost" });
      expect(world.state().replace(/.*app_offline.htm.*\n/, "")).toBe(wrecked);
      expect((await world.row()).run?.id).toBe("other");
      expect(await world.scratch()).toEqual([]);
    },
  );

  it("is put back by whoever comes next when it had begun to exchange", async () => {
    const operation = await world.ask(backup, { configuration: true });
    endAt(9, Infinity);
    await new Promise<void>((resolve, reject) => {
      const dying = () => {
        resolve();
        return new Promise<never>(() => undefined);
      };
      world.run(operation, { putBack: dying }).catch(reject);
    });
    expect(await world.host.exchange(operation.run).state()).toBe("swapping");
    expect(world.state()).not.toBe(wrecked);
    world.setFault(undefined);
    await changeSite(world.deps.catalog, shop, (row) => {
      const { run: _, ...free } = row;
      return { row: { ...free, epoch: free.epoch + 1 }, result: undefined };
    });
    const refused = await world.restore(backup, { paths: ["no/such/path"] });
    expect(refused.status).toBe("Failed");
    expect(world.areas()).toEqual([]);
    expect(world.state().split("\n").slice(0, -1)).toEqual(wrecked.split("\n").slice(0, -1));
  });
});
