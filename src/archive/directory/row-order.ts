/**
 * Row numbers 0 to length-1 in the order of `compare`, equal rows as they were. Costs one comparison a row when the
 * rows are already in order, and few more when they are a handful of ordered runs, as the shards of a backup are.
 */
export const sortedRows = (length: number, compare: (a: number, b: number) => number): Uint32Array => {
  let rows = new Uint32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  let bounds = runBounds(rows, compare);
  let spare = bounds.length > 2 ? new Uint32Array(length) : rows;
  while (bounds.length > 2) {
    bounds = mergePairs(rows, spare, bounds, compare);
    [rows, spare] = [spare, rows];
  }
  return rows;
};

/** Where ordered runs begin, and the end. */
const runBounds = (rows: Uint32Array, compare: (a: number, b: number) => number): number[] => {
  const bounds = [0];
  for (let at = 1; at < rows.length; at++) if (compare(at - 1, at) > 0) bounds.push(at);
  bounds.push(rows.length);
  return bounds;
};

const mergePairs = (
  from: Uint32Array,
  to: Uint32Array,
  bounds: readonly number[],
  compare: (a: number, b: number) => number,
): number[] => {
  const merged = [0];
  for (let run = 0; run + 1 < bounds.length; run += 2) {
    const [start = 0, middle = 0, end = middle] = bounds.slice(run, run + 3);
    let left = start;
    let right = middle;
    for (let at = start; at < end; at++) {
      const takeLeft = right >= end || (left < middle && compare(from[left] ?? 0, from[right] ?? 0) <= 0);
      to[at] = from[takeLeft ? left++ : right++] ?? 0;
    }
    merged.push(end);
  }
  return merged;
};

/** The place (0 to length-1) where `compareAt` gives 0, or -1. `compareAt` tells how the row at a place compares to what is sought. */
export const findPlace = (length: number, compareAt: (place: number) => number): number => {
  let low = 0;
  let high = length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compareAt(middle);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
};
