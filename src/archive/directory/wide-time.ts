/** Nanoseconds of a second. */
export const billion = 1_000_000_000;

/** A number of 64 bits as two halves of a column. */
export const setHalves = (
  halves: Uint32Array,
  row: number,
  { low, high }: { readonly low: number; readonly high: number },
): void => {
  halves[2 * row] = low;
  halves[2 * row + 1] = high;
};

export const copyWide = (from: Uint32Array, to: Uint32Array, row: number): void =>
  setHalves(to, row, { low: from[2 * row] ?? 0, high: from[2 * row + 1] ?? 0 });

export interface Time {
  /** A signed number of 32 bits. */
  readonly seconds: number;
  /** Nanoseconds behind it, less than a second. */
  readonly rest: number;
}

const two16 = 2 ** 16;
const two32 = 2 ** 32;

/** Seconds times 10^9, plus the rest: in parts that doubles hold exactly. */
export const setTime = (halves: Uint32Array, row: number, { seconds, rest }: Time): void => {
  const upper = Math.floor(seconds / two16);
  const scaled = upper * billion;
  const high = Math.floor(scaled / two16);
  const low = (scaled - high * two16) * two16 + (seconds - upper * two16) * billion + rest;
  const carried = Math.floor(low / two32);
  setHalves(halves, row, { low: low - carried * two32, high: high + carried });
};

/** The way back. Undefined: the seconds have more than 32 bits. */
export const timeOf = (halves: Uint32Array, row: number): Time | undefined => {
  const low = halves[2 * row] ?? 0;
  const high = (halves[2 * row + 1] ?? 0) | 0;
  let seconds = Math.floor((high * two32 + low) / billion);
  if (seconds < -0x7fff_ffff || seconds > 0x7fff_fffe) return undefined;
  // A double is at most one second off; the low halves tell which way.
  let rest = (low - Math.imul(seconds, billion)) >>> 0;
  if (rest >= 2 * billion) {
    seconds--;
    rest = (rest + billion) >>> 0;
  } else if (rest >= billion) {
    seconds++;
    rest -= billion;
  }
  return { seconds, rest };
};
