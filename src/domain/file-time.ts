/**
 * A time as Node's `utimes` takes it: seconds with a fraction. Some versions cut it off to whole microseconds, so it is the
 * middle of its microsecond; whole seconds are exact. Node takes a negative time for "now": then it is 1970.
 */
export const secondsOf = (timeNs: bigint): number => {
  if (timeNs <= 0n) return 0;
  return timeNs % 1_000_000_000n === 0n ? Number(timeNs / 1_000_000_000n) : (Number(timeNs / 1_000n) + 0.5) / 1e6;
};
