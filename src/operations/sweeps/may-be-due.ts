import type { Catalog } from "../../ports/catalog.ts";
import { readDue, readDueVersion } from "../rows/schedule-rows.ts";

interface Known {
  /** Of the row that every added due row changes. */
  readonly version: string | undefined;
  /** Undefined: none was due ever. */
  readonly soonest: string | undefined;
  readonly ticks: number;
}

/** However sure: after so many ticks the due rows are looked at, should somebody have added one in silence. */
const mostTicks = 15;

const known = new WeakMap<Catalog, Known>();

/**
 * Whether a planned run may be due. Mostly one reading of one row by its key, however many sites are configured: some
 * stores go through all rows of a table for a range.
 */
export const mayBeDue = async (catalog: Catalog, now: Date): Promise<boolean> => {
  // Read first: what is added while the rest is read changes it, and the next tick looks again.
  const version = await readDueVersion(catalog);
  const memo = known.get(catalog);
  const isStill = memo !== undefined && memo.version === version && memo.ticks < mostTicks;
  if (isStill && !isPast(memo.soonest, now)) {
    known.set(catalog, { ...memo, ticks: memo.ticks + 1 });
    return false;
  }
  const [first] = await readDue(catalog, { limit: 1 });
  known.set(catalog, { version, soonest: first?.at, ticks: 0 });
  return isPast(first?.at, now);
};

const isPast = (at: string | undefined, now: Date): boolean => at !== undefined && Date.parse(at) <= now.getTime();
