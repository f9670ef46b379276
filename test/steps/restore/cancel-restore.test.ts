import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backup } from "../../../src/domain/backup.ts";
import { Refusal } from "../../../src/domain/errors.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { cancelOperation } from "../../../src/operations/restores/cancel-operation.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import type { Operation } from "../../../src/operations/rows/operation-rows.ts";
import { undoRestore } from "../../../src/operations/restores/undo-restore.ts";
import type { Exchange } from "../../../src/ports/site-host.ts";
import { advancing } from "../../../src/steps/restore/advancing.ts";
import { restoreSteps } from "../../../src/steps/restore/restore-steps.ts";
import { reportProgress, RunCancelled } from "../../../src/steps/progress.ts";
import type { StepName } from "../../../src/workflows/contract.ts";
import { failureOf } from "../../support/failure-of.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { shop } from "../../support/installation.ts";
import { Interleaving, randomOf } from "../../support/interleaving.ts";
import { seedCount } from "../../support/long-runs.ts";
import { forwardSteps, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
let backup: Backup;
let backedUp: string;
let wrecked: string;
beforeEach(async () => {
  world = restoreWorld();
  buildTree(
    world.home,
    treeOf({
      "site/wwwroot/index.html": { content: "index" },
      "site/wwwroot/deep/er/file": { content: "deep", mode: 0o640 },
      "site/wwwroot/folder/x": { content: "a folder that becomes a link" },
    }),
  );
  world.settings.now = { appSettings: { MODE: new Secret("backed up") }, connectionStrings: {} };
  backup = await world.backUp();
  backedUp = world.state();
  const at = (path: string): string => join(world.home, "site/wwwroot", path);
  writeFileSync(at("index.html"), "hacked");
  rmSync(at("deep"), { recursive: true });
  rmSync(at("folder"), { recursive: true });
  symlinkSync("/tmp", at("folder"));
  mkdirSync(at("added"));
  writeFileSync(at("added/shell.php"), "<?php");
  world.settings.now = { appSettings: { MODE: new Secret("wrecked") }, connectionStrings: {} };
  wrecked = world.state();
});
afterEach(() => {
  world.setInterleaving(undefined);
  world.remove();
});

const cancel = ({ id }: Operation): Promise<void> => cancelOperation(world.deps)(world.call, shop, id);

const nothingIsLeft = async (areas: number): Promise<void> => {
  expect(await world.scratch()).toEqual([]);
  expect(world.areas()).toHaveLength(areas);
  expect((await world.row()).run).toBeUndefined();
  expect(await world.deps.catalog.list("open-runs")).toEqual([]);
};

/** The step with something before it and behind it. */
const around = (
  name: StepName,
  { before = async () => undefined, after = async () => undefined }: Record<string, () => Promise<unknown>>,
) => ({
  [name]: async (input: never, call: never) => {
    await before();
    const answer = await world.steps()[name as "swapIn"](input, call);
    await after();
    return answer;
  },
});

const signal = (): { readonly given: Promise<void>; readonly give: () => void } => {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
};

describe("a restore that is cancelled", () => {
  it.each(forwardSteps)("leaves the site as it was, and running: before %s", async (name) => {
    const operation = await world.ask(backup, { configuration: true });
    const done = await world.run(operation, around(name, { before: () => cancel(operation) }));
    expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^It was cancelled\./) });
    expect(done.cancelled).toBe(world.clock.time.toISOString());
    expect(world.state()).toBe(wrecked);
    expect((await world.row()).undo).toBeUndefined();
    await nothingIsLeft(0);
  });

  it.each(forwardSteps.slice(0, -1))("leaves the site as it was, and running: after %s", async (name) => {
    const operation = await world.ask(backup, { configuration: true });
    const done = await world.run(operation, around(name, { after: () => cancel(operation) }));
    expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^It was cancelled\./) });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });

  it("does nothing more: neither stops the site nor stages", async () => {
    const operation = await world.ask(backup);
    const done = await world.run(operation, around("planRestore", { before: () => cancel(operation) }));
    expect(done.steps).toEqual(["checkArchive", "planRestore", "closeRestore"]);
    expect(done.log).toBe("It was cancelled.\nThe site was not touched.");
  });

  it("says that what was replaced was put back", async () => {
    const operation = await world.ask(backup);
    const done = await world.run(operation, around("swapIn", { after: () => cancel(operation) }));
    expect(done.steps.slice(-4)).toEqual(["restoreConfiguration", "putBack", "startSite", "closeRestore"]);
    expect(done.log).toContain("What was replaced was put back.");
    expect(done.log).toMatch(/^Planned, not done: written: 4, replaced: 2 /m);
    expect(done.log).not.toMatch(/^Written/m);
    expect(done.log).not.toContain("The site was not touched.");
  });

  it("goes back wherever in the swap the process ended meanwhile", async () => {
    let points = 0;
    world.setFault(() => void points++);
    await world.restore(backup, { configuration: true });
    world.setFault(undefined);
    await world.undo();
    expect(points).toBeGreaterThan(10);
    for (let point = 0; point < points; point++) {
      const operation = await world.ask(backup, { configuration: true });
      let seen = 0;
      world.setFault(() => {
        if (seen++ === point) throw new Error("the process ends here");
      });
      const real = world.steps();
      const done = await world.run(operation, {
        swapIn: (input, call) =>
          real.swapIn(input, call).catch(async (error: unknown) => {
            await cancel(operation);
            throw error;
          }),
      });
      expect(done.status, `cut off at point ${point}`).toBe(done.cancelled === undefined ? "Succeeded" : "Failed");
      expect(world.state(), `cut off at point ${point}`).toBe(done.cancelled === undefined ? backedUp : wrecked);
      if (done.status === "Succeeded") await world.undo();
      await nothingIsLeft(0);
    }
  });

  it("is not exchanged after all by an attempt that stood still until everything was put back", async () => {
    const operation = await world.ask(backup, { configuration: true });
    const [isAtSwap, isPutBack] = [signal(), signal()];
    const held = (exchange: Exchange): Exchange => {
      const swap = exchange.swap.bind(exchange);
      exchange.swap = async (operations) => {
        isAtSwap.give();
        await isPutBack.given;
        return swap(operations);
      };
      return exchange;
    };
    const host = { ...world.host, exchange: (run: string) => held(world.host.exchange(run)) };
    const slow = restoreSteps({ ...world.deps, hosts: { host: async () => host } });
    const real = world.steps();
    let late: Promise<unknown> = Promise.resolve();
    const done = await world.run(operation, {
      swapIn: async (input, call) => {
        late = slow.swapIn(input, call).catch(() => undefined);
        await isAtSwap.given;
        await cancel(operation);
        return real.swapIn(input, call);
      },
      putBack: async (input, call) => {
        const answer = await real.putBack(input, call);
        isPutBack.give();
        await late;
        return answer;
      },
    });
    expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^It was cancelled\./) });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });

  it.each([
    ["before it looked at the site", "read"],
    ["right before it wrote", "write"],
  ] as const)(
    "has no settings written after all by an attempt that stood still %s until everything was put back",
    async (_, at) => {
      const operation = await world.ask(backup, { configuration: true });
      const [isThere, isPutBack] = [signal(), signal()];
      const held = async () => {
        isThere.give();
        await isPutBack.given;
      };
      const { settings } = world.host;
      const slowly = {
        read: async () => {
          if (at === "read") await held();
          return settings.read();
        },
        write: async (...given: Parameters<typeof settings.write>) => {
          if (at === "write") await held();
          return settings.write(...given);
        },
      };
      const host = { ...world.host, settings: slowly };
      const slow = restoreSteps({ ...world.deps, hosts: { host: async () => host } });
      const real = world.steps();
      let late: Promise<unknown> = Promise.resolve();
      const done = await world.run(operation, {
        restoreConfiguration: async (input, call) => {
          late = slow.restoreConfiguration(input, call);
          await isThere.given;
          return { ok: false, code: "Failed", message: "The disk failed." };
        },
        putBack: async (input, call) => {
          const answer = await real.putBack(input, call);
          isPutBack.give();
          await late;
          return answer;
        },
      });
      expect(await late).toMatchObject({ ok: false, code: "RunLost" });
      expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^The disk failed\./) });
      expect(world.state()).toBe(wrecked);
    },
  );

  it("may be asked for twice", async () => {
    const operation = await world.ask(backup);
    await cancel(operation);
    const first = world.clock.time.toISOString();
    world.clock.time = new Date(world.clock.time.getTime() + 60_000);
    await cancel(operation);
    expect(await world.run(operation)).toMatchObject({ status: "Failed", cancelled: first });
    await cancel(operation);
  });

  it("is cancelled also where it finds nothing to change", async () => {
    await world.restore(backup);
    const { undo } = await world.row();
    const operation = await world.ask(backup);
    const done = await world.run(operation, around("planRestore", { after: () => cancel(operation) }));
    expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^It was cancelled\./) });
    expect((await world.row()).undo).toEqual(undo);
  });

  it("keeps what the restore before it replaced for its undo", async () => {
    await world.restore(backup, { configuration: true });
    const { undo } = await world.row();
    writeFileSync(join(world.home, "site/wwwroot/index.html"), "hacked again");
    const operation = await world.ask(backup);
    await world.run(operation, around("swapIn", { after: () => cancel(operation) }));
    expect((await world.row()).undo).toEqual(undo);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(world.state()).toBe(wrecked);
    await nothingIsLeft(0);
  });

  it("stops what it does in the middle, when it next tells how far it is", async () => {
    const operation = await world.ask(backup);
    const progress = reportProgress(world.deps, await world.refOf(operation.run), "stage");
    await progress.end();
    expect(progress.signal.aborted).toBe(false);
    await cancel(operation);
    await progress.end();
    expect(progress.signal.reason).toBeInstanceOf(RunCancelled);
  });

  it("tells besides what a step that was stopped in the middle says in its own words", async () => {
    const operation = await world.ask(backup);
    const answer = await advancing(world.deps, await world.refOf(operation.run), async () => {
      await cancel(operation);
      throw new Error("pg_restore was killed.");
    });
    const message = "It was cancelled. What failed then: pg_restore was killed.";
    expect(answer).toEqual({ ok: false, code: "Failed", message });
  });
});

const refusal = async (operation: Operation): Promise<unknown> => failureOf(Refusal, cancel(operation));

describe("cancelling that comes too late", () => {
  it.each(["startSite", "closeRestore"] as const)("is refused once everything is exchanged: at %s", async (name) => {
    const operation = await world.ask(backup, { configuration: true });
    const refused: unknown[] = [];
    const done = await world.run(
      operation,
      around(name, { before: async () => void refused.push(await refusal(operation)) }),
    );
    expect(refused[0]).toMatchObject({
      code: "OperationNotCancellable",
      message: expect.stringContaining("Undo takes it back"),
    });
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(done.cancelled).toBeUndefined();
    expect(world.state()).toBe(backedUp);
  });

  it("is refused for what has ended", async () => {
    const done = await world.restore(backup);
    expect(await refusal(done)).toMatchObject({
      code: "OperationNotCancellable",
      message: "The restore of shop cannot be cancelled: it has ended.",
    });
  });

  it("is refused where the site is put back after a restore that was given up", async () => {
    const operation = await world.ask(backup);
    await endRunLate(world.deps, world.call, { site: shop, run: operation.run, reason: "It kept ending." });
    const { run } = await world.row();
    expect(await failureOf(Refusal, cancelOperation(world.deps)(world.call, shop, run?.operation ?? ""))).toMatchObject(
      {
        code: "OperationNotCancellable",
      },
    );
  });

  it("does not know an operation that is not there", async () => {
    expect(await failureOf(Refusal, cancelOperation(world.deps)(world.call, shop, "none"))).toMatchObject({
      code: "OperationNotFound",
    });
  });
});

describe("an undo that is cancelled", () => {
  it.each(["stopSite", "putBack"] as const)("leaves the site restored, and running: before %s", async (name) => {
    await world.restore(backup, { configuration: true });
    const { operation } = await undoRestore(world.deps)(world.call, shop);
    const done = await world.run(operation, around(name, { before: () => cancel(operation) }));
    expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(/^It was cancelled\./) });
    expect(world.state()).toBe(backedUp);
    await nothingIsLeft(1);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(world.state()).toBe(wrecked);
  });

  it("goes on once it has begun to put back", async () => {
    await world.restore(backup, { configuration: true });
    const { operation } = await undoRestore(world.deps)(world.call, shop);
    const refused: unknown[] = [];
    const done = await world.run(
      operation,
      around("putBack", { after: async () => void refused.push(await refusal(operation)) }),
    );
    expect(refused[0]).toMatchObject({ code: "OperationNotCancellable" });
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(world.state()).toBe(wrecked);
  });
});

describe("steps that run twice at the same time while they are cancelled", () => {
  it.each(Array.from({ length: seedCount * 3 }, (_, index) => index + 1))(
    "end well in the order of seed %i",
    async (seed) => {
      const random = randomOf(seed);
      const name = forwardSteps[Math.floor(random() * forwardSteps.length)] ?? "swapIn";
      const operation = await world.ask(backup, { configuration: true });
      const late: Promise<unknown>[] = [];
      const real = world.steps();
      const steps = Object.fromEntries(
        Object.entries(real).map(([step, body]) => [
          step,
          (input: never, call: never) => {
            const attempts = [body(input, call), body(input, call)];
            if (step === name) late.push(cancel(operation).catch(() => undefined));
            late.push(...attempts.map((attempt) => attempt.catch(() => undefined)));
            return Promise.race(attempts);
          },
        ]),
      );
      world.setInterleaving(new Interleaving(seed));
      const done = await world.run(operation, steps);
      await Promise.all(late);
      if (done.cancelled !== undefined) expect(done.status).toBe("Failed");
      expect(world.state()).toBe(done.status === "Succeeded" ? backedUp : wrecked);
      await nothingIsLeft(done.status === "Succeeded" ? 1 : 0);
    },
  );
});
