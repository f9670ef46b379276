import type { Archive } from "./open-archive.ts";
import { readSegments, type ReadSegment } from "./read-segments.ts";

/** A segment with its bytes; without when it is a large entry, which is read in pieces. */
interface SegmentBytes {
  readonly segment: ReadSegment;
  readonly bytes: Uint8Array | undefined;
}

/** Reads under way while one is used. */
export const readsAhead = 4;

/** Reads entries in the order of their data, a few segments ahead; what the consumer does not take is not read. */
export async function* segmentsAhead(
  archive: Archive,
  places: Iterable<number>,
  signal?: AbortSignal,
): AsyncGenerator<SegmentBytes> {
  const started: Promise<SegmentBytes>[] = [];
  for (const segment of readSegments(archive, places)) {
    signal?.throwIfAborted();
    const read = segmentBytes(archive, segment, signal);
    // Awaited later, or never when the consumer stops: not an unhandled rejection in either case.
    read.catch(() => undefined);
    started.push(read);
    if (started.length === readsAhead) yield await first(started);
  }
  while (started.length > 0) yield await first(started);
}

const segmentBytes = async (archive: Archive, segment: ReadSegment, signal?: AbortSignal): Promise<SegmentBytes> => {
  const { start, end, isLarge } = segment;
  return { segment, bytes: isLarge ? undefined : await archive.source.read(start, end - start, signal) };
};

const first = (started: Promise<SegmentBytes>[]): Promise<SegmentBytes> => {
  const next = started.shift();
  if (next === undefined) throw new Error("Nothing was started.");
  return next;
};
