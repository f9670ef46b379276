import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { client, run, runLines, untilEnded } from "./durable.ts";

/** What an activity is given for `input`; leave it out to call without one. */
const received = async (...input: readonly [unknown?]): Promise<unknown> => {
  const line = input.length === 0 ? { call: "receive" } : { call: "receive", input: input[0] };
  return (await runLines(line)).output;
};

describe("an activity receives", () => {
  it.each([
    { a: [1, "two", null, { b: true }] },
    [1, "two", [3]],
    [],
    {},
    0,
    -1.5,
    1e21,
    2 ** 53,
    "text",
    "",
    "7",
    '{"a":1}',
    '"quoted"',
    "ä\u2028\u{1f600}\u0000",
  ])("%j as it was sent", async (input) => {
    expect(await received(input)).toEqual([{ type: typeof input, value: input }]);
  });

  it("a bare boolean as a text", async () => {
    expect(await received(true)).toEqual([{ type: "string", value: "True" }]);
    expect(await received(false)).toEqual([{ type: "string", value: "False" }]);
  });

  it("null for null and for nothing", async () => {
    expect(await received(null)).toEqual([{ type: "null", value: null }]);
    expect(await received()).toEqual([{ type: "null", value: null }]);
  });

  it("a property called Timestamp as the text it is", async () => {
    const { output } = await runLines({ call: "receive", input: { At: "2026-01-02T03:04:05Z" } });
    expect(output).toEqual([{ type: "object", value: { At: "2026-01-02T03:04:05Z" } }]);
  });

  it("the id of its instance in its metadata", async () => {
    const { output, instanceId } = await runLines({ call: "metadata" });
    expect(output).toEqual([instanceId]);
  });
});

describe("an activity's answer", () => {
  it.each([{ a: [1, null] }, [1], 0, 1.5, "text", "", true, false, null])("%j arrives as it is", async (value) => {
    expect((await runLines({ call: "give", input: { value } })).output).toEqual([{ value }]);
  });

  it.each([{ a: 1 }, [1], 7, 0.5, "text", ""])("of %j and nothing around it arrives as it is", async (value) => {
    expect((await runLines({ call: "give", input: value })).output).toEqual([value]);
  });

  it("of nothing is null", async () => {
    expect((await runLines({ call: "give_nothing" })).output).toEqual([null]);
  });

  it("of 300,000 characters arrives whole", async () => {
    const { output } = await runLines({ call: "large", input: { characters: 300_000 } });
    expect(output).toEqual(["x".repeat(300_000)]);
  });
});

describe("an orchestrator's input", () => {
  it.each([{ a: [1, null] }, [1, "two"], 7, 0.5, "text", "", true, false])(
    "%j arrives as it was sent",
    async (input) => {
      const { output, input: shown } = await run("seen_input", { input });
      expect([output, shown]).toEqual([{ type: typeof input, value: input }, input]);
    },
  );

  it("null stays null", async () => {
    const { output, input } = await run("seen_input", { input: null });
    expect([output, input]).toEqual([{ type: "null", value: null }, null]);
  });

  it("is an empty text where none was given", async () => {
    const { output, input } = await run("seen_input");
    expect([output, input]).toEqual([{ type: "string", value: "" }, ""]);
  });

  it("has a date in place of a property called Timestamp, whatever it holds", async () => {
    const when = "2026-01-02T03:04:05.678Z";
    expect((await run("seen_dates", { input: { Timestamp: when, when } })).output).toEqual({
      Timestamp: { type: "date", value: when },
      when: { type: "string", value: when },
    });
    expect((await run("seen_dates", { input: { Timestamp: "no time", when } })).output).toMatchObject({
      Timestamp: { type: "date", value: null },
    });
  });

  it("of 300,000 characters arrives whole", async () => {
    const value = "y".repeat(300_000);
    expect((await run("returns", { input: { value } })).output).toBe(value);
  });
});

describe("an orchestrator's output", () => {
  it.each([{ a: 1 }, [1], 7, "text", "", true, false, null])("%j is shown as it is", async (value) => {
    expect((await run("returns", { input: { value } })).output).toEqual(value);
  });

  it("of nothing is null", async () => {
    expect((await run("returns", { input: {} })).output).toBeNull();
  });
});

describe("a child", () => {
  it.each([{ a: [1] }, [1], 7, "text", "", true, false])("receives %j as it was sent", async (input) => {
    const { output } = await runLines({ child: "seen_input", id: randomUUID(), input });
    expect(output).toEqual([{ type: typeof input, value: input }]);
  });

  it("is an instance of its own under the id its parent gave", async () => {
    const id = randomUUID();
    await runLines({ child: "returns", id, input: { value: 7 } });
    expect(await untilEnded(id)).toMatchObject({ name: "returns", runtimeStatus: "Completed", output: 7 });
  });

  it("has an id made for it where its parent gave none", async () => {
    expect((await runLines({ child: "returns", input: { value: 7 } })).output).toEqual([7]);
  });
});

describe("the custom status", () => {
  it.each([{ step: 1 }, [1], 7, "text", true])("%j is shown as it was set", async (status) => {
    expect((await runLines({ status })).customStatus).toEqual(status);
  });

  it.each(["", 0, false, null])("%j in place of another one resets it", async (status) => {
    expect((await runLines({ status: { step: 1 } }, { call: "give" }, { status })).customStatus).toBeNull();
  });

  it("is shown while the orchestration runs", async () => {
    const id = await client<string>("start", {
      name: "script",
      input: [{ status: "first" }, { call: "rest", input: { milliseconds: 300 } }, { status: "second" }],
    });
    let shown = await client<{ readonly customStatus: unknown }>("status", { id });
    while (shown.customStatus === null) shown = await client("status", { id });
    expect(shown.customStatus).toBe("first");
    expect((await untilEnded(id)).customStatus).toBe("second");
  });

  it("of more than 16 KB fails the orchestration", async () => {
    const { runtimeStatus, output } = await runLines({ status: "x".repeat(8_200) });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/16 ?KB/);
  });

  it("of just under 16 KB does not", async () => {
    expect((await runLines({ status: "x".repeat(8_100) })).runtimeStatus).toBe("Completed");
  });
});
