import { expect, it } from "vitest";
import { get } from "./call.ts";

it("an app's hooks see each invocation and may change what it answers", async () => {
  const { status, headers, text } = await get("/hooked");
  expect([status, headers["x-hook"], text]).toEqual([203, "around", "before and after"]);
});

it("an app's hooks may answer for a handler that threw", async () => {
  const { status, text } = await get("/hooked-throws");
  expect([status, text]).toEqual([418, "before, caught"]);
});

it("an app's hooks leave alone what they do not ask for", async () => {
  expect((await get("/hello")).headers["x-hook"]).toBeUndefined();
});

it("an app is told once that it starts", async () => {
  expect((await get("/journal/hooks")).json()).toEqual(["started"]);
});
