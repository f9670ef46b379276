import { forEachBounded } from "../archive/bounded.ts";

/** As `forEachBounded`, for work that answers something: the answers in the order of the items. */
export const severalAtATime = async <Item, Result>(
  items: readonly Item[],
  atATime: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  await forEachBounded(items.entries(), atATime, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
};
