import { expect, it } from "vitest";
import { parseRequestPath } from "../../../src/devhost/http/request-path.ts";

const pathOf = (target: string): string | undefined => parseRequestPath(target)?.path;

it("decodes UTF-8 once, and leaves bytes that are none as they were written", () => {
  expect(pathOf("/caf%C3%A9/%F0%9F%9A%A2/%EF%BB%BF-%2541")).toBe("/café/🚢/\ufeff-%41");
  expect(pathOf("/%C3%A9%ff%C3%A9%c3")).toBe("/é%ffé%c3");
  expect(pathOf("/%C0%AF%ED%A0%80%E2%82")).toBe("/%C0%AF%ED%A0%80%E2%82");
});

it("decodes as many bytes that are no UTF-8 as a request can hold", () => {
  for (const escapes of ["%ff".repeat(10_900), `${"%41".repeat(10_900)}%ff`])
    expect(pathOf(`/${escapes}`)).toBe(`/${escapes.replaceAll("%41", "A")}`);
});
