import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { limitedSignal } from "../../src/ports/clock.ts";

const abortOf = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

const limitOf = (caller: AbortSignal | undefined) =>
  limitedSignal({ afterMs: 50, signal: caller, reason: () => new Error("late") });

it.each([undefined, new AbortController().signal])(
  "aborts when its time is over, whatever is collected",
  async (caller) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const collecting = setInterval(collect, 5);
    try {
      expect(await abortOf(limitOf(caller).signal)).toEqual(new Error("late"));
    } finally {
      clearInterval(collecting);
    }
  },
);

it("aborts earlier with the caller's reason", () => {
  const caller = new AbortController();
  const { signal, release } = limitOf(caller.signal);
  caller.abort("cancelled");
  expect(signal.reason).toBe("cancelled");
  release();
});

it("is aborted from the start where the caller has given up", () => {
  const { signal, release } = limitOf(AbortSignal.abort("cancelled"));
  expect(signal.reason).toBe("cancelled");
  release();
});

it("leaves nothing at the caller's signal once it is released", () => {
  const caller = new AbortController();
  for (let work = 0; work < 5; work++) limitOf(caller.signal).release();
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});
