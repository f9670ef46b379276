/** What was not heard of for so long is news when it comes again. */
const overAfterMs = 2 * 60_000;
/** What lasts is told again this often, with how often it happened. */
const againAfterMs = 60 * 60_000;
const mostRemembered = 1_000;

interface Trouble {
  toldAt: number;
  seenAt: number;
  untold: number;
}

/**
 * Lets a trouble through once, however often it happens while it lasts; then once an hour, with a count. Lines are the same
 * trouble when they differ in their clock and in how long something waits, and in nothing else.
 */
export const quietTroubles = (): ((now: Date, line: string) => string | undefined) => {
  const known = new Map<string, Trouble>();
  return (now, line) => {
    const at = now.getTime();
    const key = line.replace(/^\d\d:\d\d:\d\d /, "").replace(/\b\d+(?:\.\d+)? s\b/g, "… s");
    const before = known.get(key);
    // The latest is the last of the map.
    known.delete(key);
    forgetOldest(known);
    const isOver = before === undefined || at - before.seenAt >= overAfterMs;
    if (!isOver && at - before.toldAt < againAfterMs) {
      known.set(key, { ...before, seenAt: at, untold: before.untold + 1 });
      return undefined;
    }
    known.set(key, { toldAt: at, seenAt: at, untold: 0 });
    return isOver || before.untold === 0 ? line : `${line} (${before.untold + 1} times in the last hour)`;
  };
};

const forgetOldest = (known: Map<string, Trouble>): void => {
  const [oldest] = known.keys();
  if (oldest !== undefined && known.size >= mostRemembered) known.delete(oldest);
};
