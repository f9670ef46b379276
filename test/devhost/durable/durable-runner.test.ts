import * as df from "durable-functions";
import { afterEach, expect, it } from "vitest";
import { durableRunner } from "../../../src/functions/durable-runner.ts";
import { shop } from "../../support/installation.ts";
import { durableContext } from "./app-in-process.ts";
import { startDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

df.app.orchestration("deleteBackup", function* (context) {
  if (context.df.instanceId === "waits") yield context.df.createTimer(new Date(Date.now() + 3_600_000));
  if (context.df.instanceId === "fails") throw new Error("bad thing");
  return { done: true };
});

it("a runner starts a run once, tells how it stands, and forgets those that ended in a span of time, no other", async () => {
  const { durable } = await startDurable();
  const runner = durableRunner(durableContext(durable.clientBinding()));
  const input = { site: shop, run: "r", epoch: 0, backup: 1 };
  for (const run of ["one", "two", "fails"]) await runner.start("deleteBackup", run, input);
  await durable.idle();
  await runner.start("deleteBackup", "waits", input);
  await runner.start("deleteBackup", "waits", input);
  expect(await runner.state("one")).toBe("completed");
  expect(await runner.state("fails")).toBe("failed");
  expect(await runner.state("waits")).toMatch(/pending|running/);
  const [before, after] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
  expect(await runner.purgeEnded(new Date(0), before)).toBe(0);
  expect(await runner.purgeEnded(before, after)).toBe(3);
  expect(await runner.purgeEnded(before, after)).toBe(0);
  expect(await runner.state("one")).toBeUndefined();
  await runner.terminate("waits", "It was deleted & more.");
  await runner.purge("never-was");
  await expect.poll(() => runner.state("waits")).toBe("terminated");
  expect(await runner.purgeEnded(before, after)).toBe(1);
});
