import type { DurableClient } from "durable-functions";
import { systemClock } from "../../../src/devhost/clock.ts";
import { createDurable } from "../../../src/devhost/durable/durable.ts";
import type { Durable, DurableOptions } from "../../../src/devhost/durable/types.ts";
import { appInProcess, durableClient } from "./app-in-process.ts";

interface RunningDurable {
  readonly durable: Durable;
  readonly client: DurableClient;
  readonly log: readonly string[];
  /** Calls the loopback server as the SDK's client does. */
  readonly rpc: (path: string, init?: RequestInit) => Promise<Response>;
}

const running = new Set<Durable>();

/** For afterEach. */
export const stopDurables = async (): Promise<void> => {
  for (const durable of running) await durable.stop(0);
  running.clear();
};

/** Starts the durable part with what the test registered. */
export const startDurable = async (overrides: Partial<DurableOptions> = {}): Promise<RunningDurable> => {
  const log: string[] = [];
  const durable = createDurable({
    ...appInProcess,
    databaseFile: ":memory:",
    hubName: "test",
    limits: { maxConcurrentActivities: 10, maxConcurrentOrchestrators: 10 },
    functionTimeoutMs: 10_000,
    clock: systemClock,
    log: (level, _category, message) => log.push(`${level}: ${message}`),
    ...overrides,
  });
  running.add(durable);
  await durable.start();
  return {
    durable,
    log,
    client: durableClient(durable.clientBinding()),
    rpc: (path, init) => fetch(`${durable.rpcBaseUrl()}${path}`, init),
  };
};

export const stopDurable = async ({ durable }: RunningDurable, graceMs = 0): Promise<void> => {
  running.delete(durable);
  await durable.stop(graceMs);
};
