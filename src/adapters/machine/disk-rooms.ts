import { stat, statfs } from "node:fs/promises";
import type { DiskRoom } from "../../ports/machine.ts";

/** Room for these folders, each file system once, by the first of its folders. What is not there yet is left out. */
export const diskRooms = async (folders: readonly string[]): Promise<readonly DiskRoom[]> => {
  const rooms = new Map<number, DiskRoom>();
  for (const folder of folders) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || rooms.has(found.dev)) continue;
    const { bavail, blocks, bsize } = await statfs(folder);
    rooms.set(found.dev, { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize });
  }
  return [...rooms.values()];
};
