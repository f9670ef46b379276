import { crc32 } from "node:zlib";
import { ArchiveInvalid } from "./archive-invalid.ts";
import { storedStart } from "./entry-data.ts";
import type { Archive } from "./open-archive.ts";
import { OrderedWindow } from "./ordered-window.ts";
import { readSegments, type ReadSegment } from "./read-segments.ts";
import { checkStoredCrc, openStored } from "./stored-entry.ts";

export const readsAhead = 4;

export const readSegment = (
  { source }: Archive,
  { start, end }: ReadSegment,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> => source.read(start, end - start, signal);

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
  const window = new OrderedWindow(readsAhead);
  for (const segment of readSegments(archive, places)) {
    signal?.throwIfAborted();
    await window.add(
      async () => (segment.isLarge ? undefined : readSegment(archive, segment, signal)),
      async (bytes) => {
        for (const place of segment.places) {
          const isWhole = bytes
            ? extentInSegment(archive, place, { start: segment.start, bytes }) !== undefined
            : await isWholeLarge(archive, place, signal);
          if (!isWhole) damaged.add(place);
        }
      },
    );
  }
  await window.finish();
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
