import { crc32 } from "node:zlib";
import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { segmentsAhead } from "./copy-segments.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { storedStart } from "./entry-data.ts";
import { lent } from "../content/free-memory.ts";
import { checkReadable } from "../content/inflate-entry.ts";
import type { Archive } from "./open-archive.ts";
import { checkStoredCrc, openStored } from "./stored-entry.ts";

/** Throws ArchiveInvalid for an entry that can only be listed. */
export const checkCopyable = (entry: DirectoryEntry): void => {
  try {
    checkReadable(entry);
    if (entry.kind === "other") throw new ArchiveInvalid("BadRecord", "Devices, sockets and pipes are not copied.");
  } catch (error) {
    throw ofEntry(entry.name, error);
  }
};

/** The bytes of an entry, its header included, in those of a segment; undefined when it is damaged. */
export const wholeInSegment = (
  entry: DirectoryEntry,
  { start, bytes }: { readonly start: number; readonly bytes: Uint8Array },
): Uint8Array | undefined => {
  const from = entry.offset - start;
  try {
    const data = storedStart(entry, bytes, from);
    const to = data + entry.storedBytes;
    checkStoredCrc(entry, crc32(bytes.subarray(data, to)));
    return bytes.subarray(from, to);
  } catch (error) {
    if (error instanceof ArchiveInvalid) return undefined;
    throw error;
  }
};

/** Which of these entries are not what the directory says, headers included. Nothing is inflated. */
export const damagedAmong = async (
  archive: Archive,
  places: Iterable<number>,
  signal?: AbortSignal,
): Promise<ReadonlySet<number>> => {
  const damaged = new Set<number>();
  for await (const { segment, bytes } of segmentsAhead(archive, places, signal))
    for (const place of segment.places) {
      const isWhole = bytes
        ? wholeInSegment(archive.directory.at(place), { start: segment.start, bytes }) !== undefined
        : await isWholeLarge(archive, place, signal);
      if (!isWhole) damaged.add(place);
    }
  return damaged;
};

const isWholeLarge = async (archive: Archive, place: number, signal?: AbortSignal): Promise<boolean> => {
  try {
    const { pieces } = await openStored(archive, place, { ahead: 0, signal });
    for await (const _ of lent(pieces())) signal?.throwIfAborted();
    return true;
  } catch (error) {
    if (error instanceof ArchiveInvalid) return false;
    throw error;
  }
};
