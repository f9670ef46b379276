import * as df from "durable-functions";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { activityInput } from "../../../src/devhost/durable/payload.ts";
import { sanitize } from "../../../src/devhost/durable/sanitize.ts";
import { startDurable, stopDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

df.app.activity("describe", {
  handler: (input: unknown) => ({ type: input === null ? "null" : typeof input, input }),
});
df.app.activity("answer", { handler: (input: { readonly with: string }) => answers[input.with] });
df.app.activity("whoAmI", { handler: (_input: unknown, context) => context.triggerMetadata?.["instanceId"] });

const inputs: Readonly<Record<string, unknown>> = {
  object: { a: [1, "two", null], Timestamp: "2026-01-02T03:04:05Z" },
  array: [1, [2]],
  number: 1.5,
  text: "plain",
  textOfJson: '{"a":1}',
  emptyText: "",
  yes: true,
  no: false,
  null: null,
  undefined,
};
const answers: Readonly<Record<string, unknown>> = {
  object: { a: 1 },
  text: "plain",
  number: 2,
  fraction: 0.5,
  yes: true,
  no: false,
  null: null,
  undefined,
  large: "x".repeat(300_000),
};

df.app.orchestration("passesInput", function* (context) {
  const { of } = context.df.getInput() as { readonly of: string };
  return yield context.df.callActivity("describe", inputs[of]);
});
df.app.orchestration("takesAnswer", function* (context) {
  return yield context.df.callActivity("answer", context.df.getInput());
});
df.app.orchestration("echoes", function* (context) {
  const { df: durable } = context;
  return { input: durable.getInput(), id: durable.instanceId, parent: durable.parentInstanceId };
});
df.app.orchestration("hasChild", function* (context) {
  const { of } = context.df.getInput() as { readonly of: string };
  return yield context.df.callSubOrchestrator("echoes", inputs[of], "the-child");
});
df.app.orchestration("hasChildOf", function* (context) {
  return yield context.df.callSubOrchestrator("echoes", {}, String(context.df.getInput()));
});
df.app.orchestration("carriesText", function* (context) {
  const { text } = context.df.getInput() as { readonly text: string };
  context.df.setCustomStatus({ text });
  return [
    yield context.df.callActivity("describe", text),
    yield context.df.callSubOrchestrator("echoes", text, "part"),
  ];
});
// oxlint-disable-next-line require-yield -- it fails before it waits
df.app.orchestration("failsWithText", function* (context) {
  throw new Error((context.df.getInput() as { readonly text: string }).text);
});
df.app.orchestration("waits", function* (context) {
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 3_600_000));
});
df.app.orchestration("asksWhoItIs", function* (context) {
  return yield context.df.callActivity("whoAmI", {});
});
df.app.orchestration("setsStatus", function* (context) {
  context.df.setCustomStatus({ step: 1 });
  yield context.df.callActivity("describe", {});
  context.df.setCustomStatus("");
  return "done";
});

const outputOf = async (name: string, input: unknown): Promise<unknown> => {
  const { client, durable } = await startDurable();
  await client.startNew(name, { instanceId: "one", input });
  await durable.idle();
  const { output, runtimeStatus } = await client.getStatus("one");
  expect(runtimeStatus).toBe("Completed");
  return output;
};

describe("an activity receives", () => {
  it.each([
    ["object", { type: "object", input: inputs["object"] }],
    ["array", { type: "object", input: [1, [2]] }],
    ["number", { type: "number", input: 1.5 }],
    ["text", { type: "string", input: "plain" }],
    ["textOfJson", { type: "string", input: '{"a":1}' }],
    ["emptyText", { type: "string", input: "" }],
    ["yes", { type: "string", input: "True" }],
    ["no", { type: "string", input: "False" }],
    ["null", { type: "null", input: null }],
    ["undefined", { type: "null", input: null }],
  ])("%s as the real host hands it over", async (of, expected) => {
    expect(await outputOf("passesInput", { of })).toEqual(expected);
  });

  it("the id of its instance in the trigger metadata", async () => {
    expect(await outputOf("asksWhoItIs", {})).toBe("one");
  });

  it("texts that JSON can hold, whatever is in them", () => {
    expect(activityInput({ a: "\u2028\ud800" })).toBe('{"a":"\u2028\\ud800"}');
    expect(activityInput(Number.NaN)).toBe("null");
  });
});

describe("an orchestrator receives an activity's answer", () => {
  it.each(Object.keys(answers))("%s", async (key) => {
    expect(await outputOf("takesAnswer", { with: key })).toEqual(answers[key] ?? null);
  });
});

/** The database cuts a text at NUL when it reads it, so none may ever reach it unescaped. */
describe("a NUL character", () => {
  const text = "before \0 after \u2028 \ud800";

  it("survives in inputs, results, custom status, errors and reasons, also after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "devhost-nul-"));
    const first = await startDurable({ databaseFile: join(folder, "runs.db") });
    await first.client.startNew("carriesText", { instanceId: "carries", input: { text } });
    await first.client.startNew("failsWithText", { instanceId: "fails", input: { text } });
    await first.client.startNew("waits", { instanceId: "waits", input: text });
    await first.durable.idle();
    await first.client.terminate("waits", text);
    await first.durable.idle();
    await stopDurable(first);
    const { client } = await startDurable({ databaseFile: join(folder, "runs.db") });
    const carried = await client.getStatus("carries");
    expect(carried.input).toEqual({ text });
    expect(carried.customStatus).toEqual({ text });
    expect(carried.output).toEqual([
      { type: "string", input: text },
      { input: text, id: "part", parent: "carries" },
    ]);
    expect((await client.getStatus("fails")).output).toContain("failed: before \0 after");
    const waited = await client.getStatus("waits");
    expect(waited.runtimeStatus).toBe("Terminated");
    expect(waited.input).toBe(text);
    expect(waited.output).toContain("before \0 after");
    rmSync(folder, { recursive: true });
  });

  it("is refused in an id, by the client and for a child", async () => {
    const { client, durable } = await startDurable();
    await expect(client.startNew("echoes", { instanceId: "a\0b" })).rejects.toThrow("400");
    expect(await client.getStatusAll()).toEqual([]);
    await client.startNew("hasChildOf", { instanceId: "one", input: "a\0b" });
    await durable.idle();
    const { runtimeStatus, output } = await client.getStatus("one");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("The id of a sub-orchestration holds a NUL character.");
  });
});

describe("a child", () => {
  it.each(["object", "array", "number", "text", "emptyText", "yes", "null"])(
    "receives %s as it was sent",
    async (of) => {
      const input = of === "object" ? { a: [1, "two", null], Timestamp: "2026-01-02T03:04:05.000Z" } : inputs[of];
      expect(await outputOf("hasChild", { of })).toEqual({ input, id: "the-child", parent: "one" });
    },
  );
});

describe("the custom status", () => {
  it("is what was set last, and nothing once something empty was set", async () => {
    const ended: (() => void)[] = [];
    const { client, durable } = await startDurable({
      invokeActivity: () => new Promise((resolve) => ended.push(() => resolve({}))),
    });
    await client.startNew("setsStatus", { instanceId: "one", input: {} });
    await expect.poll(() => ended.length).toBe(1);
    expect((await client.getStatus("one")).customStatus).toEqual({ step: 1 });
    ended[0]?.();
    await durable.idle();
    expect((await client.getStatus("one")).customStatus).toBeNull();
  });
});

describe("the text of an error", () => {
  it.each([
    ["url https://x/?sig=abc key=def", "url https://x/[Hidden Credential]"],
    ['{"url":"https://x/?se=1&SIG=abc","next":1}', '{"url":"https://x/?se=1[Hidden Credential]","next":1}'],
    ["AccountKey=abc;EndpointSuffix=x", "[Hidden Credential]"],
    ["<a>Password=abc</a> and pwd=def", "<a>[Hidden Credential]</a> and [Hidden Credential]"],
    ["nothing to hide: signature, keyboard, tokens", "nothing to hide: signature, keyboard, tokens"],
  ])("hides credentials as the real host does: %s", (text, expected) => {
    expect(sanitize(text)).toBe(expected);
  });
});
