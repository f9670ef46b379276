import { randomBytes } from "node:crypto";
import { blockId } from "../../archive/shards/block-id.ts";
import type { Backup } from "../../domain/backup.ts";
import type { Destination, Upload } from "../../ports/destination.ts";

/** Where a backup's log and manifest will lie, or the work file that sums it up, and which run writes them. */
interface DescribingRoom {
  readonly destination: Destination;
  readonly backup: Pick<Backup, "blobBase">;
  readonly run: string;
}

/** Beside log and manifest, whose size is known well enough: folders, journals and metadata, which take whole blocks. */
const leastRoom = 2 ** 18;

/**
 * Keeps room for what is written once the archive is visible, where others could take it: an archive must not be lost for
 * want of a manifest. `freeRoom`, `abandonRun` or the end of the run give it back.
 */
export const holdRoom = async (room: DescribingRoom, sizeBytes: () => Promise<number>): Promise<void> => {
  const { destination } = room;
  if (destination.local === undefined) return;
  // Of bytes that no file system can pack.
  const bytes = randomBytes(leastRoom + (await sizeBytes()));
  const upload = uploadOf(room);
  await destination.stage(upload, blockId(0, 0, bytes), bytes);
  await destination.settle(upload);
};

export const freeRoom = async (room: DescribingRoom): Promise<void> => {
  if (room.destination.local !== undefined) await room.destination.abandon(uploadOf(room));
};

/** Never committed, and no other's: room is given up while another attempt writes log and manifest. */
const uploadOf = ({ backup, run }: DescribingRoom): Upload => ({ name: `${backup.blobBase}.room`, run });
