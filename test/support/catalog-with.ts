import type { Catalog } from "../../src/ports/catalog.ts";

/** What asks and tells `real`, but for the calls that are given. */
export const catalogWith = (real: Catalog, given: Partial<Catalog> = {}): Catalog => ({
  get: (...asked) => real.get(...asked),
  list: (...asked) => real.list(...asked),
  write: (...told) => real.write(...told),
  writeNews: (...told) => real.writeNews(...told),
  close: () => real.close(),
  ...given,
});
