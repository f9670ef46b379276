import { setImmediate as turn } from "node:timers/promises";
import { Engine } from "../../../src/devhost/durable/engine.ts";
import { type Instance, isOpen, Store } from "../../../src/devhost/durable/store.ts";
import type { DurableOptions } from "../../../src/devhost/durable/types.ts";
import { appInProcess } from "./app-in-process.ts";
import { ManualClock } from "./manual-clock.ts";
import { type Ending, endingOf } from "./step-script.ts";

interface Pending {
  readonly instanceId: string;
  readonly input: string;
  end(ending: Ending): void;
}

/** Small and good enough to pick orders: a seed gives the same run again. */
const randomFrom = (seed: number) => {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const keyOf = (input: string): string => (JSON.parse(input) as { readonly key: string }).key; // As the patterns send it.

/** Runs orchestrations with activities that end in random order, the engine rebuilt from its store in between. */
export class RandomOrder {
  readonly attempts = new Map<string, number>();
  readonly #seed: number;
  readonly #random: (below: number) => number;
  readonly #limit: number;
  readonly #rebuilds: boolean;
  readonly #clock = new ManualClock("2026-01-01T00:00:00Z");
  readonly #store = new Store(":memory:");
  #engine: Engine;
  #pending: Pending[] = [];

  constructor(seed: number, { rebuilds }: { readonly rebuilds: boolean }) {
    this.#seed = seed;
    this.#random = randomFrom(seed);
    this.#limit = 1 + this.#random(6);
    this.#rebuilds = rebuilds;
    this.#engine = this.#newEngine();
  }

  async run(name: string, instanceId: string): Promise<Instance> {
    await this.#engine.startInstance({ instanceId, name, input: "{}" });
    await this.#settled();
    for (;;) {
      const instance = this.#store.instance(instanceId);
      if (!instance) throw new Error(`${instanceId} is gone.`);
      if (!isOpen(instance.status)) return instance;
      await this.#somethingHappens();
      if (this.#rebuilds) await this.#rebuild();
    }
  }

  async close(): Promise<void> {
    await this.#engine.stop(0);
    this.#store.database.close();
  }

  #newEngine(): Engine {
    const options: DurableOptions = {
      databaseFile: ":memory:",
      hubName: "matrix",
      limits: { maxConcurrentActivities: this.#limit, maxConcurrentOrchestrators: 1 + this.#random(3) },
      functionTimeoutMs: 365 * 24 * 60 * 60 * 1000,
      clock: this.#clock,
      log: (level, _category, message) => {
        if (level === "error") throw new Error(message);
      },
      ...appInProcess,
      isActivity: (name) => name === "work",
      invokeActivity: (_name, { instanceId, input }) =>
        new Promise((resolve, reject) => {
          const end = (ending: Ending): void => {
            if ("died" in ending) reject(new Error(ending.died));
            else resolve(ending);
          };
          this.#pending.push({ instanceId, input, end });
        }),
    };
    const engine = new Engine(this.#store, options);
    engine.start();
    return engine;
  }

  async #rebuild(): Promise<void> {
    await this.#engine.stop(0);
    this.#pending = [];
    this.#engine = this.#newEngine();
    await this.#settled();
  }

  /** One activity ends, or time moves to the next timer. */
  async #somethingHappens(): Promise<void> {
    const now = this.#clock.now();
    const due = this.#store.nextDue(now);
    const choice = this.#random(this.#pending.length + (due === undefined ? 0 : 1));
    const [ended] = this.#pending.splice(choice, 1);
    if (ended) return this.#end(ended);
    if (due === undefined) throw new Error("Nothing runs, no timer waits, and the orchestration has not ended.");
    this.#clock.advance(due - now);
    await this.#settled();
  }

  async #end(pending: Pending): Promise<void> {
    const key = keyOf(pending.input);
    const row = this.#store
      .activities()
      .find(({ instanceId, input }) => instanceId === pending.instanceId && input === pending.input);
    const attempt = this.attempts.get(key) ?? 0;
    this.attempts.set(key, attempt + 1);
    pending.end(endingOf(this.#seed, key, attempt));
    await this.#settled(row?.seq);
  }

  /** Waits until the ended activity is recorded, all messages are processed, and as many activities run as may. */
  async #settled(endedSeq?: number): Promise<void> {
    for (let turns = 0; turns < 500; turns++) {
      await turn();
      const rows = this.#store.activities();
      if (
        rows.every(({ seq }) => seq !== endedSeq) &&
        this.#store.instancesWithMessages(this.#clock.now()).length === 0 &&
        this.#pending.length === Math.min(this.#limit, rows.length)
      )
        return;
    }
    throw new Error("The engine does not come to rest.");
  }
}
