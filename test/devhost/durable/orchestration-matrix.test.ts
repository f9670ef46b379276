import type { OrchestrationContext, OrchestrationHandler } from "durable-functions";
import * as df from "durable-functions";
import { describe, expect, it } from "vitest";
import { durableWorkflow } from "../../../src/functions/durable.ts";
import { orderCount } from "../../support/long-runs.ts";
import "./app-in-process.ts";
import { patterns, type Verbs } from "./facade-patterns.ts";
import { RandomOrder } from "./random-order.ts";
import { straightLine } from "./step-script.ts";

const timeout = 20_000 + orderCount * 200;

for (const [name, body] of Object.entries(patterns))
  df.app.orchestration(name, function* (context: OrchestrationContext) {
    return yield* body({
      // The real facade; only the product's table of step names is set aside.
      ...(durableWorkflow(context) as unknown as Pick<Verbs, "call" | "all">),
      id: context.df.instanceId,
      *sleep(milliseconds) {
        yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + milliseconds));
      },
      *child(workflow, id, input) {
        return yield context.df.callSubOrchestrator(workflow, input, id);
      },
    });
  } as OrchestrationHandler);

const expectSameAsStraightLine = async (name: string, seed: number, rebuilds: boolean): Promise<void> => {
  const order = new RandomOrder(seed, { rebuilds });
  const instance = await order.run(name, "run");
  await order.close();
  const expected = straightLine(patterns, name, { id: "run", seed });
  const output: unknown = JSON.parse(instance.output ?? "");
  const got = instance.status === "Completed" ? { output } : { failed: output };
  expect({ seed, got, attempts: order.attempts }).toEqual({
    seed,
    got:
      "failed" in expected.result
        ? { failed: `Orchestrator function '${name}' failed: ${expected.result.failed}` }
        : expected.result,
    attempts: expected.attempts,
  });
};

describe("whatever the order of completions, the result is that of a straight line", () => {
  it.each(Object.keys(patterns))("%s, replayed from the store after every event", { timeout }, async (name) => {
    for (let seed = 0; seed < orderCount; seed++) await expectSameAsStraightLine(name, seed, true);
  });

  it.each(Object.keys(patterns))("%s, in one process", { timeout }, async (name) => {
    for (let seed = 0; seed < orderCount; seed++) await expectSameAsStraightLine(name, seed, false);
  });
});
