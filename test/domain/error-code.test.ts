import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCode, isCode } from "../../src/domain/error-code.ts";

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
};

describe("an error's code", () => {
  it("is what the system calls it", () => {
    const missing = thrownBy(() => readFileSync("no/such/file"));
    expect(errorCode(missing)).toBe("ENOENT");
    expect([isCode(missing, "EEXIST", "ENOENT"), isCode(missing, "EEXIST"), isCode(missing)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    new Error("plain"),
    Object.assign(new Error("number"), { code: 5 }),
    { code: "ENOENT" },
    "ENOENT",
    undefined,
  ])("is none of %j, which has no such name", (error) => {
    expect(errorCode(error)).toBeUndefined();
    expect(isCode(error, "ENOENT", "")).toBe(false);
  });
});
