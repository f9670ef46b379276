import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Step } from "../fixtures/host-app/src/orchestrators.ts";
import { get } from "./call.ts";
import { itHere } from "./differences.ts";
import { client, runLines, startLines, statusOf, untilEnded } from "./durable.ts";

const give = (input: unknown): Step => ({ call: "give", input });
const rest = (milliseconds: number): Step => ({ call: "rest", input: { milliseconds } });
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const journal = async (topic: string): Promise<unknown> => (await get(`/journal/${topic}`)).json();

describe("an orchestration", () => {
  it("does one thing after the other", async () => {
    expect((await runLines(...numbers(10).map(give))).output).toEqual(numbers(10));
  });

  it("of nothing is complete", async () => {
    expect(await runLines()).toMatchObject({ runtimeStatus: "Completed", output: [] });
  });

  it("does many things at once and has their results in the order it asked for them", async () => {
    const all = numbers(30).map((number) => (number % 7 === 0 ? rest(number) : give(number)));
    const results = numbers(30).map((number) => (number % 7 === 0 ? "rested" : number));
    expect((await runLines({ all })).output).toEqual([results]);
  });

  it("does groups of groups", async () => {
    const inner: Step = { all: [give(2), give(3)] };
    expect((await runLines({ all: [give(1), inner, give(4)] }, give(5))).output).toEqual([[1, [2, 3], 4], 5]);
  });

  it("has children, which have children", async () => {
    const grandchild: Step = { child: "script", id: randomUUID(), input: [give(1), give(2)] };
    const child: Step = { child: "script", id: randomUUID(), input: [grandchild, give(3)] };
    expect((await runLines(child, give(4))).output).toEqual([[[1, 2], 3], 4]);
  });

  it("has many children at once", async () => {
    const all = numbers(10).map((number): Step => ({
      child: "script",
      id: randomUUID(),
      input: [give(number), give(number * 2)],
    }));
    expect((await runLines({ all })).output).toEqual([numbers(10).map((number) => [number, number * 2])]);
  });

  it("is right among many that run at once", async () => {
    const runs = await Promise.all(
      numbers(20).map((number) => runLines(give(number), { all: [give(number), rest(1)] }, give(-number))),
    );
    expect(runs.map(({ output }) => output)).toEqual(
      numbers(20).map((number) => [number, [number, "rested"], -number]),
    );
  });

  it("does not end while something it began is open, though it has returned", async () => {
    const topic = randomUUID();
    const slow = { call: "noted", input: { topic, milliseconds: 400 } } as const;
    const status = await runLines({ attempt: { all: [{ call: "boom", input: "early" }, slow] } });
    expect(await journal(topic)).toEqual(["began", "ended"]);
    expect(status.output).toEqual([{ caught: expect.stringContaining("early") }]);
  });

  it("never begins what it asked for and did not yield", async () => {
    const topic = randomUUID();
    const { output } = await runLines({ forget: { call: "noted", input: { topic } } }, give(1), give(2));
    expect([output, await journal(topic)]).toEqual([[1, 2], []]);
  });
});

describe("a durable timer", () => {
  it("passes at least its time by the orchestration's clock", async () => {
    const { output } = await runLines({ clock: true }, { sleepMs: 1_000 }, { clock: true });
    const [before, , after] = output as readonly [number, unknown, number];
    expect(after - before).toBeGreaterThanOrEqual(1_000);
  });

  itHere("timer-precision", "fires no earlier than it should by the wall clock", async () => {
    const began = Date.now();
    await runLines({ sleepMs: 700 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(700);
  });

  it("of a time that has passed fires at once", async () => {
    expect((await runLines({ sleepMs: -60_000 }, give(1))).output).toEqual([null, 1]);
  });

  it("of a far time keeps the instance running until it is terminated", async () => {
    const id = await startLines({ sleepMs: 10 * 86_400_000 });
    while ((await statusOf(id)).runtimeStatus === "Pending");
    expect((await statusOf(id)).runtimeStatus).toBe("Running");
    await client("terminate", { id, reason: "over" });
    expect((await untilEnded(id)).runtimeStatus).toBe("Terminated");
  });

  it("runs beside activities", async () => {
    expect((await runLines({ all: [{ sleepMs: 50 }, give(1), rest(10)] })).output).toEqual([[null, 1, "rested"]]);
  });
});
