import { expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { memoryDestination } from "../../support/memory-destination.ts";
import { checkRoomForCopies } from "../../../src/operations/backups/room-for-backup.ts";
import { memoryInstallation } from "../../support/installation.ts";

const machineWith = (freeBytes: number) => ({
  machine: {
    ...memoryInstallation().deps.machine,
    roomOf: async (folder: string) => ({ folder, freeBytes, totalBytes: 1e9 }),
  },
});
const scratch = directoryDestination("/srv/scratch");

it("refuses to copy SQLite databases to a disk that cannot hold them, and names it", async () => {
  await expect(checkRoomForCopies(machineWith(1_000_000), scratch, 1_000_001)).rejects.toMatchObject({
    code: "DiskFull",
    message: expect.stringMatching(
      /The disk of \/srv\/scratch has 1\.0 MB free, 1\.0 MB are needed\. .*LIFEBOAT_SCRATCH/,
    ),
  });
});

it("copies what fits, and wherever nobody knows the room", async () => {
  await checkRoomForCopies(machineWith(1_000_000), scratch, 1_000_000);
  await checkRoomForCopies(machineWith(0), memoryDestination(), 1_000_000);
});
