import { stat, statfs } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import type { DiskRoom } from "../../ports/machine.ts";

/** Room for these folders, each file system once, by the first of its folders. What is not there yet is left out. */
export const diskRooms = async (folders: readonly string[]): Promise<readonly DiskRoom[]> => {
  const rooms = new Map<number, DiskRoom>();
  for (const folder of folders) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || rooms.has(found.dev)) continue;
    rooms.set(found.dev, await measured(folder, folder));
  }
  return [...rooms.values()];
};

/** Of the nearest folder that is there, for one that is not. File systems that tell no size at all tell nothing of room. */
export const roomOf = async (folder: string): Promise<DiskRoom | undefined> => {
  if (!isAbsolute(folder)) return undefined;
  for (let place = folder; ; place = dirname(place)) {
    const room = await measured(place, folder).catch(() => undefined);
    if (room !== undefined) return room.totalBytes > 0 ? room : undefined;
    if (dirname(place) === place) return undefined;
  }
};

const measured = async (place: string, folder: string): Promise<DiskRoom> => {
  const { bavail, blocks, bsize } = await statfs(place);
  return { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
};
