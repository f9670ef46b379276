import { refuse } from "../domain/errors.ts";
import { showBytes } from "../domain/show-bytes.ts";
import type { StoreFailure } from "../domain/store-failure.ts";
import type { Installation } from "../operations/installation.ts";

interface Told {
  /** What became of what was written: a clause. */
  readonly rests: string;
  /** At most; undefined where nobody can tell. */
  readonly neededBytes: number | undefined;
}

/** A full store in words: which disk, what is free there now, what is needed, and the next move. */
export const diskFull = async (
  { machine }: Pick<Installation, "machine">,
  { disk, message }: StoreFailure,
  { rests, neededBytes }: Told,
): Promise<string> => {
  const room = disk && (await machine.roomOf(disk.folder));
  // Where the store is no disk of this machine, it has said itself what can be said.
  if (disk === undefined || room === undefined) return `${message} ${rests[0]?.toUpperCase() ?? ""}${rests.slice(1)}.`;
  return refuse("DiskFull", {
    what: `${disk.trouble}, and ${rests}.`,
    folder: room.folder,
    free: showBytes(room.freeBytes),
    needed: neededBytes === undefined ? "more is" : `up to ${showBytes(neededBytes)} are`,
    next: "Free some space there, or name another destination.",
  }).message;
};
