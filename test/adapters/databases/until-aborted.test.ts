import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { untilAborted } from "../../../src/adapters/databases/until-aborted.ts";

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  // Safe: the flag makes it a function.
  (runInNewContext("gc") as () => void)();
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("pieces until a signal", () => {
  it("are let go of as soon as they are used, however many have gone before", async () => {
    const given: WeakRef<Uint8Array>[] = [];
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 100; count++) {
        const piece = new Uint8Array(1_000);
        given.push(new WeakRef(piece));
        yield piece;
      }
    };
    const pieces = untilAborted(source(), new AbortController().signal);
    for (let count = 0; count < 90; count++) await pieces.next();
    // A weak reference holds for the rest of its turn.
    await turn();
    collectGarbage();
    expect(given.slice(0, 80).filter((one) => one.deref() !== undefined)).toEqual([]);
    await pieces.return(undefined);
  });

  it("end with the signal's reason, also while the next one does not come", async () => {
    const stop = new AbortController();
    const waiting = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise<never>(() => undefined);
    };
    const pieces = untilAborted(waiting(), stop.signal);
    expect((await pieces.next()).done).toBe(false);
    const next = pieces.next();
    stop.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });

  it("end with what their source throws", async () => {
    const failing: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("gone")) }),
    };
    await expect(untilAborted(failing, new AbortController().signal).next()).rejects.toThrow("gone");
  });
});
