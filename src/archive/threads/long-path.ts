import { closeSync, constants, openSync } from "node:fs";

const slash = 0x2f;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

export const parentOf = (path: Buffer): Buffer => path.subarray(0, path.lastIndexOf(slash));

/** The kernel takes paths up to 4,095 bytes; the rest is room for one more name. */
export const longestPath = 3_800;

/** A path to what lies in a folder that is held open; `rest` begins with a slash. */
export const within = (folder: number, rest: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${folder}`), rest]);

export const holdFolder = (path: Buffer): number => openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

/** Calls `use` with a path that is short enough for one call, reached through folders held open; they must exist. */
export const withShortPath = <Result>(path: Buffer, use: (short: Buffer) => Result): Result => {
  const cut = path.length < longestPath ? -1 : path.lastIndexOf(slash, longestPath);
  if (cut <= 0) return use(path);
  const folder = holdFolder(path.subarray(0, cut));
  try {
    return withShortPath(within(folder, path.subarray(cut)), use);
  } finally {
    closeSync(folder);
  }
};
