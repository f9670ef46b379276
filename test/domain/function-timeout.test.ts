import { expect, it } from "vitest";
import { functionTimeoutMs } from "../../src/domain/function-timeout.ts";

it("takes the time limit of host.json, and the environment's before it", () => {
  expect(functionTimeoutMs('{"functionTimeout":"00:10:00"}', undefined)).toBe(600_000);
  expect(functionTimeoutMs('{"functionTimeout":"00:10:00"}', "1.00:00:30")).toBe(86_430_000);
});

it("knows no limit where there is none, and the host's usual one where nothing is said", () => {
  expect(functionTimeoutMs('{"functionTimeout":"-1"}', undefined)).toBeUndefined();
  expect(functionTimeoutMs("{}", undefined)).toBe(1_800_000);
});
