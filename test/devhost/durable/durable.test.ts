import * as df from "durable-functions";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/devhost/clock.ts";
import { createDurable } from "../../../src/devhost/durable/durable.ts";
import type { Durable } from "../../../src/devhost/durable/types.ts";
import { appInProcess, durableClient } from "./app-in-process.ts";

df.app.activity("double", { handler: ({ n }: { n: number }) => ({ n: 2 * n }) });
df.app.orchestration("doubled", function* (context) {
  return yield context.df.callActivity("double", context.df.getInput());
});

let durable: Durable;
const start = async () => {
  durable = createDurable({
    ...appInProcess,
    databaseFile: ":memory:",
    hubName: "test",
    limits: { maxConcurrentActivities: 10, maxConcurrentOrchestrators: 10 },
    functionTimeoutMs: 10_000,
    clock: systemClock,
    log: () => undefined,
  });
  await durable.start();
  return durableClient(durable.clientBinding());
};
afterEach(() => durable.stop(0));

describe("an orchestration", () => {
  it("runs from the client's start through an activity to its output", async () => {
    const client = await start();
    const id = await client.startNew("doubled", { instanceId: "one", input: { n: 21 } });
    expect(id).toBe("one");
    await durable.idle();
    expect(await client.getStatus("one")).toMatchObject({ runtimeStatus: "Completed", output: { n: 42 } });
  });
});
