import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { listedBytes, sampledSize } from "../../archive/pack/sampled-size.ts";
import { refuse } from "../../domain/errors.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Destination } from "../../ports/destination.ts";
import type { SiteFiles } from "../../ports/site-files.ts";

/** A sample may err, and a backup that fits must never be refused: so much of what it says is believed. */
const believed = 0.75;

type Deps = Pick<Installation, "machine" | "threads">;

interface Wanted {
  /** As they are stored in the archive before. */
  readonly reusedBytes: number;
  /** What is packed. */
  readonly rest: ListingColumns;
  readonly files: SiteFiles;
  readonly signal: AbortSignal;
}

/**
 * Throws DiskFull when the archive cannot fit on the disk of a folder. Only where it would not fit uncompressed, a sample
 * of the site is deflated; dumps of databases, which nobody can foretell, count nothing.
 */
export const checkRoomForArchive = async (
  { machine, threads }: Deps,
  destination: Destination,
  { reusedBytes, rest, files, signal }: Wanted,
): Promise<void> => {
  const room = destination.local && (await machine.roomOf(destination.local.folder));
  if (room === undefined || reusedBytes + listedBytes(rest) <= room.freeBytes) return;
  const packed = await sampledSize({ files, listing: rest, level: threads.level, signal });
  const neededBytes = reusedBytes + Math.floor(believed * packed);
  if (neededBytes <= room.freeBytes) return;
  throw refuse("DiskFull", {
    what: "The backup does not fit where it is to go.",
    folder: room.folder,
    free: showBytes(room.freeBytes),
    needed: `at least ${showBytes(neededBytes)} are`,
    next: "Free some space there, name another destination, or leave files out.",
  });
};

/** As above, for SQLite databases of the site, which are copied whole before they are packed. */
export const checkRoomForCopies = async (
  { machine }: Pick<Deps, "machine">,
  scratch: Destination,
  sizeBytes: number,
): Promise<void> => {
  const room = scratch.local && (await machine.roomOf(scratch.local.folder));
  if (room === undefined || sizeBytes <= room.freeBytes) return;
  throw refuse("DiskFull", {
    what: "The site's SQLite databases are copied to the work storage before they are packed, and do not fit there.",
    folder: room.folder,
    free: showBytes(room.freeBytes),
    needed: `${showBytes(sizeBytes)} are`,
    next: "Free some space there, or set LIFEBOAT_SCRATCH to a place on another disk.",
  });
};
