/**
 * A time as Node's `utimes` takes it: seconds with a fraction. Some versions cut it off to whole microseconds, so it is the
 * middle of its microsecond; whole seconds are exact. Node takes a negative number for "now", but not its text: so that is
 * what a time before 1970 is.
 */
export const secondsOf = (timeNs: bigint): number | string => (timeNs < 0n ? String(seconds(timeNs)) : seconds(timeNs));

const seconds = (timeNs: bigint): number => {
  if (timeNs % 1_000_000_000n === 0n) return Number(timeNs / 1_000_000_000n);
  // Both are cut off towards zero.
  return (Number(timeNs / 1_000n) + (timeNs < 0n ? -0.5 : 0.5)) / 1e6;
};
