import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { sampledSize } from "../../archive/pack/sampled-size.ts";
import { refuse, type Refusal } from "../../domain/errors.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import type { Installation } from "../installation.ts";
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
  readonly signal?: AbortSignal | undefined;
}

interface Room {
  /** The archive cannot fit. */
  readonly refusal?: Refusal;
  /** It may not: a sentence for people. */
  readonly doubt?: string;
}

/**
 * Whether the archive fits on the disk of a folder. Only where it would not fit uncompressed, a sample of the site is
 * deflated; dumps of databases, which nobody can foretell, count nothing.
 */
export const roomForArchive = async (
  { machine, threads }: Deps,
  destination: Destination,
  { reusedBytes, rest, files, signal }: Wanted,
): Promise<Room> => {
  const room = destination.local && (await machine.roomOf(destination.local.folder));
  if (room === undefined || reusedBytes + rest.totalBytes() <= room.freeBytes) return {};
  const packed = await sampledSize({ files, listing: rest, level: threads.level, signal });
  const { folder } = room;
  const free = showBytes(room.freeBytes);
  const neededBytes = reusedBytes + Math.floor(believed * packed);
  if (neededBytes > room.freeBytes) {
    const what = "The backup does not fit where it is to go.";
    const needed = `at least ${showBytes(neededBytes)} are`;
    const next = "Free some space there, name another destination, or leave files out.";
    return { refusal: refuse("DiskFull", { what, folder, free, needed, next }) };
  }
  const about = reusedBytes + packed;
  return about <= room.freeBytes
    ? {}
    : {
        doubt: `It may not fit where it is to go: the disk of ${folder} has ${free} free, about ${showBytes(about)} are needed.`,
      };
};

/** Throws DiskFull when the archive cannot fit. */
export const checkRoomForArchive = async (...asked: Parameters<typeof roomForArchive>): Promise<void> => {
  const { refusal } = await roomForArchive(...asked);
  if (refusal !== undefined) throw refusal;
};

/** Throws DiskFull when SQLite databases of the site, which are copied whole before they are packed, do not fit. */
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
