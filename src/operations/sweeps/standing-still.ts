import type { Clock } from "../../ports/clock.ts";

/** A process of which nothing was heard for so long of the observer's own uptime is gone. */
export const deadAfterMs = 15 * 60_000;
/** What passes between two looks counts so long at most: a machine that slept proves nothing. */
const longestLookMs = 60_000;

interface Still {
  readonly sign: string;
  readonly ms: number;
}

/**
 * Each look is told a sign of life of everything that is watched, by name, and answers for how long each has been the same:
 * not since it last moved, but as far as this observer was there to see.
 */
export const standingStill = (clock: Clock): ((signs: ReadonlyMap<string, string>) => ReadonlyMap<string, number>) => {
  let stills: ReadonlyMap<string, Still> = new Map();
  let last: number | undefined;
  return (signs) => {
    const now = clock.now().getTime();
    const passed = last === undefined ? 0 : Math.min(Math.max(now - last, 0), longestLookMs);
    last = now;
    const msOf = (name: string, sign: string): number => {
      const before = stills.get(name);
      return before?.sign === sign ? before.ms + passed : 0;
    };
    stills = new Map([...signs].map(([name, sign]) => [name, { sign, ms: msOf(name, sign) }]));
    return new Map([...stills].map(([name, { ms }]) => [name, ms]));
  };
};
