import { describe, expect, it } from "vitest";
import { forEachBounded, limitedTo } from "../../src/archive/bounded.ts";

const turn = (): Promise<void> => new Promise(setImmediate);

describe("work for every item", () => {
  it("runs for at most so many at a time, and for all of them", async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachBounded(Array(20).keys(), 3, async (item) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.toSorted((a, b) => a - b)).toEqual([...Array(20).keys()]);
  });

  it("ends with the first failure once what runs has ended, and takes no more", async () => {
    let running = 0;
    let taken = 0;
    const work = forEachBounded(Array(100).keys(), 4, async (item) => {
      taken++;
      running++;
      await turn();
      running--;
      if (item === 2) throw new Error("no third");
    });
    await expect(work).rejects.toThrow("no third");
    expect(running).toBe(0);
    expect(taken).toBeLessThan(12);
  });
});

describe("work that comes as it likes", () => {
  it("runs at most so much at a time, in order, also after some of it failed", async () => {
    const limited = limitedTo(2);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const all = Array.from({ length: 9 }, (_, item) =>
      limited(async () => {
        begun.push(item);
        most = Math.max(most, ++running);
        await turn();
        running--;
        if (item % 3 === 1) throw new Error("one of three");
      }).catch((error: unknown) => error),
    );
    const results = await Promise.all(all);
    expect(most).toBe(2);
    expect(begun).toEqual([...Array(9).keys()]);
    expect(results.filter((result) => result instanceof Error).length).toBe(3);
    expect(running).toBe(0);
  });
});
