import { crc32 } from "node:zlib";
import { ArchiveInvalid, ofEntry } from "./archive-invalid.ts";
import { segmentsAhead } from "./copy-segments.ts";
import type { DirectoryEntry } from "./directory-entry.ts";
import { storedStart } from "./entry-data.ts";
import { checkReadable } from "./inflate-entry.ts";
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

/** Where an entry, its header included, lies in the bytes of a segment; undefined when it is damaged. */
export const extentInSegment = (
  { directory }: Archive,
  place: number,
  { start, bytes }: { readonly start: number; readonly bytes: Uint8Array },
): { readonly from: number; readonly data: number; readonly to: number } | undefined => {
  const entry = directory.at(place);
  const from = entry.offset - start;
  return unlessDamaged(() => {
    const data = storedStart(entry, bytes, from);
    const to = data + entry.storedBytes;
    checkStoredCrc(entry, crc32(bytes.subarray(data, to)));
    return { from, data, to };
  });
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
        ? extentInSegment(archive, place, { start: segment.start, bytes }) !== undefined
        : await isWholeLarge(archive, place, signal);
      if (!isWhole) damaged.add(place);
    }
  return damaged;
};

const isWholeLarge = async (archive: Archive, place: number, signal?: AbortSignal): Promise<boolean> => {
  try {
    const { pieces } = await openStored(archive, place, { ahead: 0, signal });
    for await (const _ of pieces()) signal?.throwIfAborted();
    return true;
  } catch (error) {
    if (error instanceof ArchiveInvalid) return false;
    throw error;
  }
};

const unlessDamaged = <Value>(value: () => Value): Value | undefined => {
  try {
    return value();
  } catch (error) {
    if (error instanceof ArchiveInvalid) return undefined;
    throw error;
  }
};
