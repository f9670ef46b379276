import { expect, it } from "vitest";
import { severalAtATime } from "../../src/operations/several-at-a-time.ts";

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("answers in the order of the items, whichever is done first", async () => {
  const turns = [3, 1, 2, 0];
  const answers = await severalAtATime(turns, 2, async (count) => {
    for (let turn = 0; turn < count; turn++) await soon();
    return count * 10;
  });
  expect(answers).toEqual([30, 10, 20, 0]);
});

it("once one item failed takes no further one, and fails when nothing is under way any more", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    if (item === 0) throw new Error("the first one");
    for (let turn = 0; turn < 3; turn++) await soon();
    ended.push(item);
  };
  await expect(severalAtATime([0, 1, 2, 3, 4], 2, work)).rejects.toThrow("the first one");
  const underWay = begun.length;
  expect(ended).toEqual(begun.filter((item) => item > 0));
  for (let turn = 0; turn < 20; turn++) await soon();
  expect(begun).toHaveLength(underWay);
  expect(begun.length).toBeLessThan(5);
});
