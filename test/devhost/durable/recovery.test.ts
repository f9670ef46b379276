import type { OrchestrationContext, OrchestrationHandler } from "durable-functions";
import * as df from "durable-functions";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../../src/devhost/durable/engine.ts";
import { Store } from "../../../src/devhost/durable/store.ts";
import type { DurableOptions } from "../../../src/devhost/durable/types.ts";
import { appInProcess } from "./app-in-process.ts";
import { ManualClock } from "./manual-clock.ts";
import { startDurable, stopDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

const orchestration = (name: string, body: (context: OrchestrationContext) => Generator<unknown, unknown, unknown>) =>
  df.app.orchestration(name, function* (context: OrchestrationContext) {
    return yield* body(context);
  } as OrchestrationHandler);

orchestration("one", function* ({ df: durable }) {
  try {
    return yield durable.callActivity("work", durable.getInput());
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
});
orchestration("two", function* ({ df: durable }) {
  return [yield durable.callActivity("work", 1), yield durable.callActivity("work", 2)];
});
orchestration("ten", function* ({ df: durable }) {
  return yield durable.Task.all(Array.from({ length: 10 }, (_, n) => durable.callActivity("work", { n })));
});
orchestration("sleeps", function* ({ df: durable }) {
  const begun = durable.currentUtcDateTime.getTime();
  yield durable.createTimer(new Date(begun + 600_000));
  return durable.currentUtcDateTime.getTime() - begun;
});

orchestration("sleepsTwice", function* ({ df: durable }) {
  const begun = durable.currentUtcDateTime.getTime();
  for (let times = 0; times < 2; times++)
    yield durable.createTimer(new Date(durable.currentUtcDateTime.getTime() + 600_000));
  return durable.currentUtcDateTime.getTime() - begun;
});

/** Engines on one store, as processes on one file: a crash is to go on without a word to the old one. */
class Processes {
  readonly store = new Store(":memory:");
  readonly clock = new ManualClock("2026-01-01T00:00:00Z");
  readonly log: string[] = [];
  readonly invoked: string[] = [];

  start(invokeActivity: DurableOptions["invokeActivity"], overrides: Partial<DurableOptions> = {}): Engine {
    const engine = new Engine(this.store, {
      ...appInProcess,
      databaseFile: ":memory:",
      hubName: "test",
      limits: { maxConcurrentActivities: 4, maxConcurrentOrchestrators: 4 },
      functionTimeoutMs: Number.POSITIVE_INFINITY,
      clock: this.clock,
      log: (level, _category, message) => this.log.push(`${level}: ${message}`),
      isActivity: (name) => name === "work",
      ...overrides,
      invokeActivity: (name, call) => {
        this.invoked.push(call.input);
        return invokeActivity(name, call);
      },
    });
    engine.start();
    return engine;
  }

  output(id: string): unknown {
    return JSON.parse(this.store.instance(id)?.output ?? "null");
  }
}

const never = (): Promise<never> => new Promise(() => undefined);
const works: DurableOptions["invokeActivity"] = async (_name, { input }) => `did ${input}`;
const until = async (isOver: () => boolean): Promise<void> => {
  for (let turns = 0; !isOver(); turns++) {
    if (turns > 1_000) throw new Error("It did not come about.");
    await turn();
  }
};

let processes: Processes;
beforeEach(() => {
  processes = new Processes();
});

describe("after a crash", () => {
  it("an interrupted activity runs again at once", async () => {
    await processes.start(never).startInstance({ instanceId: "a", name: "one", input: "1" });
    await until(() => processes.invoked.length === 1);
    await processes.start(works).idle();
    expect(processes.invoked).toEqual(["1", "1"]);
    expect(processes.output("a")).toBe("did 1");
  });

  it("an activity whose completion is recorded does not run again", async () => {
    const first: DurableOptions["invokeActivity"] = (name, call) => (call.input === "1" ? works(name, call) : never());
    await processes.start(first).startInstance({ instanceId: "a", name: "two", input: "{}" });
    await until(() => processes.invoked.length === 2);
    await processes.start(works).idle();
    expect(processes.invoked).toEqual(["1", "2", "2"]);
    expect(processes.output("a")).toEqual(["did 1", "did 2"]);
  });

  it("an orchestration that was acknowledged and had not begun runs", async () => {
    const stopped = processes.start(works);
    await stopped.stop(0);
    await stopped.startInstance({ instanceId: "a", name: "one", input: "1" });
    expect(processes.store.instance("a")?.status).toBe("Pending");
    await processes.start(works).idle();
    expect(processes.output("a")).toBe("did 1");
  });

  it("a timer that fell due meanwhile fires at once, one that did not fires in time", async () => {
    await processes.start(works).startInstance({ instanceId: "due", name: "sleeps", input: "{}" });
    await until(() => processes.store.instance("due")?.status === "Running");
    await processes.start(works).stop(0);
    processes.clock.advance(300_000);
    const engine = processes.start(works);
    await engine.startInstance({ instanceId: "later", name: "sleeps", input: "{}" });
    await engine.idle();
    processes.clock.advance(299_999);
    await engine.idle();
    expect(processes.store.instance("due")?.status).toBe("Running");
    await engine.stop(0);
    processes.clock.advance(1_000);
    const last = processes.start(works);
    await last.idle();
    expect(processes.output("due")).toBe(600_999);
    expect(processes.store.instance("later")?.status).toBe("Running");
    for (let minutes = 0; minutes < 5; minutes++) {
      processes.clock.advance(60_000);
      await last.idle();
    }
    expect(processes.output("later")).toBe(600_999);
  });

  it.each(["at once", "after a start"])(
    "a timer that was set while the clock was a year ahead fires in time, noticed %s",
    async (when) => {
      const yearMs = 365 * 86_400_000;
      processes.clock.set(yearMs);
      const first = processes.start(works);
      await first.startInstance({ instanceId: "a", name: "sleepsTwice", input: "{}" });
      await until(() => processes.store.instance("a")?.status === "Running");
      if (when === "after a start") await first.stop(0);
      processes.clock.set(-yearMs);
      const engine = when === "after a start" ? processes.start(works) : first;
      const pass = async (minutes: number): Promise<void> => {
        for (let passed = 0; passed < minutes; passed++) {
          processes.clock.advance(60_000);
          await engine.idle();
        }
      };
      await pass(19);
      expect(processes.store.instance("a")?.status, "not early").toBe("Running");
      await pass(3);
      expect(processes.store.instance("a")?.status).toBe("Completed");
      expect(processes.output("a")).toBeGreaterThanOrEqual(1_200_000);
    },
  );

  it("an activity that was running at five crashes is given up, its siblings are not", async () => {
    const poison: DurableOptions["invokeActivity"] = (name, call) =>
      call.input === '"poison"' ? never() : works(name, call);
    await processes.start(poison).startInstance({ instanceId: "a", name: "one", input: '"poison"' });
    await until(() => processes.invoked.length === 1);
    for (let crashes = 1; crashes < 5; crashes++) {
      processes.start(poison);
      await until(() => processes.invoked.length === crashes + 1);
    }
    const engine = processes.start(poison);
    await engine.startInstance({ instanceId: "b", name: "one", input: "1" });
    await engine.idle();
    expect(processes.invoked.filter((input) => input === '"poison"')).toHaveLength(5);
    expect(processes.output("a")).toContain("It was running 5 times when the host process crashed");
    expect(processes.output("b")).toBe("did 1");
    expect(processes.log).toEqual([
      "error: Activity 'work' of instance 'a': It was running 5 times when the host process crashed; it is not tried again.",
    ]);
  });

  it("activities and orchestrators that the app no longer has fail by name", async () => {
    await processes.start(never).startInstance({ instanceId: "a", name: "one", input: "1" });
    await until(() => processes.invoked.length === 1);
    const stopped = processes.start(never);
    await stopped.stop(0);
    await stopped.startInstance({ instanceId: "b", name: "two", input: "{}" });
    await processes.start(works, { isActivity: () => false, isOrchestrator: (name) => name === "one" }).idle();
    expect(processes.output("a")).toContain("The function 'work' doesn't exist");
    expect(processes.output("b")).toContain("The function 'two' doesn't exist");
  });
});

describe("an orderly stop", () => {
  it("does not count against an activity that was running, however often", async () => {
    const first = processes.start(never);
    await first.startInstance({ instanceId: "a", name: "one", input: "1" });
    await until(() => processes.invoked.length === 1);
    await first.stop(0);
    for (let stops = 2; stops <= 10; stops++) {
      const engine = processes.start(never);
      await until(() => processes.invoked.length === stops);
      await engine.stop(0);
    }
    expect(processes.store.activities()).toMatchObject([{ attempts: 0 }]);
    await processes.start(works).idle();
    expect(processes.output("a")).toBe("did 1");
  });

  it("gives what runs its time and records it, but begins nothing more", async () => {
    const ends: (() => void)[] = [];
    const engine = processes.start(
      (_name, { input }) => new Promise((resolve) => ends.push(() => resolve(`did ${input}`))),
    );
    await engine.startInstance({ instanceId: "a", name: "two", input: "{}" });
    await until(() => ends.length === 1);
    const stopped = engine.stop(10_000);
    ends[0]?.();
    await stopped;
    expect(processes.invoked).toEqual(["1"]);
    expect(processes.store.activities()).toMatchObject([{ input: "2", attempts: 0 }]);
    await processes.start(works).idle();
    expect(processes.invoked).toEqual(["1", "2"]);
    expect(processes.output("a")).toEqual(["did 1", "did 2"]);
  });

  it("ends when the grace is over, even if an activity does not", async () => {
    const engine = processes.start(never);
    await engine.startInstance({ instanceId: "a", name: "one", input: "1" });
    await until(() => processes.invoked.length === 1);
    const stopped = engine.stop(10_000);
    processes.clock.advance(10_000);
    await stopped;
    expect(processes.store.activities()).toMatchObject([{ attempts: 0 }]);
  });
});

describe("activities", () => {
  it("run so many at once and no more", async () => {
    const ends: (() => void)[] = [];
    const engine = processes.start(() => new Promise((resolve) => ends.push(() => resolve("done"))));
    await engine.startInstance({ instanceId: "a", name: "ten", input: "{}" });
    await until(() => ends.length === 4);
    for (let ended = 0; ended < 10; ended++) {
      await until(() => ends.length >= Math.min(10, 4 + ended));
      for (let turns = 0; turns < 5; turns++) await turn();
      expect(ends.length).toBe(Math.min(10, 4 + ended));
      ends[ended]?.();
    }
    await engine.idle();
    expect(processes.output("a")).toHaveLength(10);
  });

  it("that wait for a place are dropped with an instance that is terminated", async () => {
    const ends: (() => void)[] = [];
    const engine = processes.start(() => new Promise((resolve) => ends.push(() => resolve("done"))));
    await engine.startInstance({ instanceId: "a", name: "ten", input: "{}" });
    await until(() => ends.length === 4);
    await engine.terminateInstance("a", "enough");
    await until(() => processes.store.instance("a")?.status === "Terminated");
    ends.forEach((end) => end());
    await engine.idle();
    expect(ends).toHaveLength(4);
    expect(processes.store.activities()).toEqual([]);
  });
});

describe("a full disk", () => {
  it("refuses new work by name, keeps finished work until there is room, and goes on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "devhost-full-"));
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const databaseFile = join(folder, "runs.db");
    const store = new Store(databaseFile);
    const log: string[] = [];
    const engine = new Engine(store, {
      ...appInProcess,
      databaseFile,
      hubName: "test",
      limits: { maxConcurrentActivities: 4, maxConcurrentOrchestrators: 4 },
      functionTimeoutMs: Number.POSITIVE_INFINITY,
      clock,
      log: (_level, _category, message) => log.push(message),
      isActivity: () => true,
      invokeActivity: async () => "x".repeat(500_000),
    });
    engine.start();
    store.database.exec("PRAGMA max_page_count = 40");
    await engine.startInstance({ instanceId: "a", name: "one", input: "1" });
    await until(() => log.length === 1);
    const full = `The disk that holds ${databaseFile} is full. Free some space on it.`;
    expect(log).toEqual([`${full} Trying again in 1 s.`]);
    const large = { instanceId: "b", name: "one", input: JSON.stringify("y".repeat(500_000)) };
    await expect(engine.startInstance(large)).rejects.toThrow(full);
    clock.advance(1_000);
    await until(() => log.length === 2);
    expect(log[1]).toBe(`${full} Trying again in 2 s.`);
    store.database.exec("PRAGMA max_page_count = 4000");
    clock.advance(2_000);
    await engine.idle();
    expect(store.instance("a")?.status).toBe("Completed");
    await engine.stop(0);
    store.database.close();
    rmSync(folder, { recursive: true });
  });
});

describe("the whole durable part", () => {
  const folder = mkdtempSync(join(tmpdir(), "devhost-durable-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("goes on in a file where it was stopped", async () => {
    const databaseFile = join(folder, "runs.db");
    const first = await startDurable({ databaseFile, isActivity: () => true, invokeActivity: never });
    await first.client.startNew("one", { instanceId: "a", input: 1 });
    await expect.poll(async () => (await first.client.getStatus("a")).runtimeStatus).toBe("Running");
    await stopDurable(first);
    const second = await startDurable({ databaseFile, isActivity: () => true, invokeActivity: works });
    await second.durable.idle();
    expect((await second.client.getStatus("a")).output).toBe("did 1");
  });
});
