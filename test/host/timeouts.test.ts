import { describe, expect } from "vitest";
import { get } from "./call.ts";
import { itHere } from "./differences.ts";
import { runLines } from "./durable.ts";

describe.concurrent("a function that takes longer than the ten seconds of host.json", () => {
  itHere("function-timeout", "fails as an activity, which the orchestrator can catch", async () => {
    const { output } = await runLines({ attempt: { call: "rest", input: { milliseconds: 12_000 } } });
    const message = "Timeout value of 00:00:10 was exceeded by function: Functions.rest";
    expect(output).toEqual([{ caught: expect.stringContaining(message) }]);
  });

  itHere("function-timeout", "is an empty 500 as an HTTP function, and nothing else suffers", async () => {
    const { status, text } = await get("/misbehave/hangs");
    expect([status, text, (await get("/hello")).status]).toEqual([500, "", 200]);
  });
});
