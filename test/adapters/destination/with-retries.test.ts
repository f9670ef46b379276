import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  defaultRetries,
  NoAnswer,
  withRetries,
  type Attempts,
} from "../../../src/adapters/destination/with-retries.ts";

const waits: number[] = [];
beforeEach(() => void (waits.length = 0));

const attempts = (changes: Partial<Attempts> = {}): Attempts => ({
  policy: { delaysMs: [100, 400, 1600], timeoutMs: 1000, wait: async (ms) => void waits.push(ms) },
  timeoutMs: 1000,
  signal: undefined,
  isTransient: () => true,
  ...changes,
});

/** Fails so many times, then answers. */
const failing = (times: number, error: Error = new Error("busy")) => {
  const repeats: boolean[] = [];
  const attempt = async (_: AbortSignal, isRepeat: boolean): Promise<string> => {
    repeats.push(isRepeat);
    if (repeats.length <= times) throw error;
    return "answer";
  };
  return { repeats, attempt };
};

describe("a request", () => {
  it("is made once when it is answered", async () => {
    const { repeats, attempt } = failing(0);
    expect(await withRetries(attempts(), attempt)).toBe("answer");
    expect(repeats).toEqual([false]);
    expect(waits).toEqual([]);
  });

  it("is repeated after growing pauses, each half longer or shorter by chance, and knows that it is a repeat", async () => {
    const { repeats, attempt } = failing(3);
    expect(await withRetries(attempts(), attempt)).toBe("answer");
    expect(repeats).toEqual([false, true, true, true]);
    for (const [index, delay] of [100, 400, 1600].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(delay * 0.5);
      expect(waits[index]).toBeLessThanOrEqual(delay * 1.5);
    }
  });

  it("fails with the last error when the attempts are used up", async () => {
    const { repeats, attempt } = failing(9, new Error("still busy"));
    await expect(withRetries(attempts(), attempt)).rejects.toThrow("still busy");
    expect(repeats).toHaveLength(4);
  });

  it("is not repeated after an error that lasts", async () => {
    const { repeats, attempt } = failing(1, new Error("refused"));
    await expect(withRetries(attempts({ isTransient: () => false }), attempt)).rejects.toThrow("refused");
    expect(repeats).toHaveLength(1);
  });

  it.each([
    [7_000, 7_000],
    [86_400_000, 60_000],
  ])("waits as long as the store asks for (%i ms), within reason", async (asked, waited) => {
    await withRetries(attempts({ isTransient: () => asked }), failing(1).attempt);
    expect(waits).toEqual([waited]);
  });

  it("that is not answered in time is aborted and repeated, and says so at the end", async () => {
    vi.useFakeTimers();
    try {
      const reasons: unknown[] = [];
      const silent = async (signal: AbortSignal): Promise<string> =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(new Error("aborted"));
          });
        });
      const result = withRetries(attempts({ isTransient: () => false }), silent).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(4_000);
      expect(await result).toBeInstanceOf(NoAnswer);
      expect(String(await result)).toContain("no answer within 1 seconds");
      expect(reasons).toHaveLength(4);
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends with the caller's reason, while it runs, while it waits, and before it begins", async () => {
    const reason = new Error("enough");
    const running = new AbortController();
    const stuck = async (signal: AbortSignal): Promise<string> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        running.abort(reason);
      });
    await expect(withRetries(attempts({ signal: running.signal }), stuck)).rejects.toBe(reason);

    const waiting = new AbortController();
    const wait = async (): Promise<void> => waiting.abort(reason);
    const policy = { ...attempts().policy, wait };
    const late = failing(1);
    await expect(withRetries(attempts({ signal: waiting.signal, policy }), late.attempt)).rejects.toBe(reason);
    expect(late.repeats).toHaveLength(1);

    const early = failing(0);
    await expect(withRetries(attempts({ signal: AbortSignal.abort(reason) }), early.attempt)).rejects.toBe(reason);
    expect(early.repeats).toEqual([]);
  });

  it("leaves nothing behind on a signal that lives long", async () => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    await withRetries(attempts({ signal: controller.signal }), failing(2).attempt);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
    expect(added.mock.calls.length).toBe(3);
  });

  it("is repeated four times within some seventeen seconds, unless told otherwise", () => {
    expect(defaultRetries.delaysMs).toEqual([200, 800, 3_200, 12_800]);
    expect(defaultRetries.timeoutMs).toBe(60_000);
  });
});
