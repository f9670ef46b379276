import { describe, expect, it } from "vitest";
import { retryPolicy } from "../../src/devhost/retry-policy.ts";

describe("a retry policy", () => {
  it("of a fixed delay waits as long each time", () => {
    const options = { retryStrategy: "fixedDelay", maxRetryCount: 3, delayInterval: { seconds: 2 } };
    const policy = retryPolicy(options, () => 0.5);
    expect([policy?.maxRetries, policy?.delayMs(1), policy?.delayMs(3)]).toEqual([3, 2_000, 2_000]);
  });

  it("that grows doubles up to its limit, a fifth more or less", () => {
    const options = {
      retryStrategy: "exponentialBackoff",
      minimumInterval: { seconds: 1 },
      maximumInterval: { seconds: 10 },
    };
    const delays = (random: number): readonly (number | undefined)[] =>
      [1, 2, 3, 4, 60].map((retry) => retryPolicy(options, () => random)?.delayMs(retry));
    expect(delays(0.5)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
    expect(delays(0)).toEqual([1_000, 1_600, 3_200, 6_400, 10_000]);
  });

  it("without a number repeats without end", () => {
    expect(retryPolicy({ retryStrategy: "fixedDelay" }, () => 0)?.maxRetries).toBe(-1);
  });

  it("is none where none is given", () => {
    expect(retryPolicy(undefined, () => 0)).toBeUndefined();
    expect(retryPolicy({}, () => 0)).toBeUndefined();
  });
});
