import { closeSync, mkdirSync, statSync } from "node:fs";
import { isCode } from "../../domain/error-code.ts";
import { holdFolder, longestPath, parentOf, within, withShortPath } from "./long-path.ts";

const slash = 0x2f;
/** To walk a path up and down again to make its folders is quick for a few, minutes for tens of thousands. */
const fewLevels = 64;

/**
 * For few levels. Node's own `recursive` never ends where a file system says ENOENT to whoever makes a folder in one that is
 * there (autofs whose server is away, proc).
 */
const make = (folder: Buffer, isAgain = false): void => {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (isFolder(folder)) return;
    const above = parentOf(folder);
    if (isAgain || above.length === 0 || !isCode(error, "ENOENT")) throw error;
    make(above);
    make(folder, true);
  }
};

const isFolder = (path: Buffer): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** Makes a folder and those it lies in, private ones; no error when they exist. */
export const makeFolder = (path: Buffer): void => {
  const ends = folderEnds(path);
  if (ends.length <= fewLevels && path.length < longestPath) return make(path);
  makeMissing(path, ends, firstMissing(path, ends));
};

/** Where the path of each folder on the way ends, the folder's own last; the root is not among them. */
const folderEnds = (path: Buffer): readonly number[] => {
  const ends: number[] = [];
  for (let end = path.indexOf(slash, 1); end > 0; end = path.indexOf(slash, end + 1)) ends.push(end);
  ends.push(path.length);
  return ends;
};

/** Index of the first folder that is not there; a folder that is there lies in folders that are. */
const firstMissing = (path: Buffer, ends: readonly number[]): number => {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isThere(path.subarray(0, ends[middle]))) low = middle + 1;
    else high = middle;
  }
  return low;
};

const isThere = (folder: Buffer): boolean => {
  try {
    return withShortPath(folder, (short) => statSync(short, { throwIfNoEntry: false }) !== undefined);
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
};

/** Makes them a few levels at a time, each time from the folder made last, which is held open. */
const makeMissing = (path: Buffer, ends: readonly number[], first: number): void => {
  if (first === ends.length) return;
  let reached = first === 0 ? 0 : (ends[first - 1] ?? 0);
  let held = withShortPath(reached === 0 ? Buffer.from("/") : path.subarray(0, reached), holdFolder);
  try {
    for (let next = first; next < ends.length;) {
      let end = ends[next++] ?? 0;
      for (let levels = 1; levels < fewLevels && (ends[next] ?? Infinity) - reached < longestPath; levels++)
        end = ends[next++] ?? 0;
      const folder = within(held, path.subarray(reached, end));
      make(folder);
      const inner = holdFolder(folder);
      closeSync(held);
      [held, reached] = [inner, end];
    }
  } finally {
    closeSync(held);
  }
};
