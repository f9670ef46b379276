/**
 * Does the work for every item, for at most `atOnce` at a time; items are taken as places become free. The first
 * failure ends it: no further item is taken, and it is thrown once all running work has ended.
 */
export const forEachBounded = async <Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const item of items) {
      const done: Promise<void> = work(item)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(done));
      running.add(done);
      if (running.size >= atOnce) await Promise.race(running);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
};

/** Runs work as it comes, at most `atOnce` at a time; the rest waits its turn, in order. */
export const limitedTo = (atOnce: number): ((work: () => Promise<void>) => Promise<void>) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      await work();
    } finally {
      const next = waiting.shift();
      // Whoever is next takes this one's place.
      if (next) next();
      else running--;
    }
  };
};
