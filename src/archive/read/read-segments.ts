import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { entrySpan, type Archive } from "./open-archive.ts";

/** Entries read from the archive together: one ranged read, or one after another's pieces for a single large entry. */
export interface ReadSegment {
  /** In the order of the data. */
  readonly places: readonly number[];
  readonly start: number;
  readonly end: number;
  /** A single entry that is too large to be held: read it in pieces. */
  readonly isLarge: boolean;
}

/** What is not wanted between two wanted entries is read along when it is shorter than this: cheaper than a request. */
export const gapBytes = 256 * 2 ** 10;
const segmentStoredBytes = 4 * 2 ** 20;
const segmentContentBytes = 16 * 2 ** 20;
const segmentEntries = 1024;

/** The order of the data. */
const byOffset = (directory: DirectoryColumns, places: Iterable<number>): Uint32Array => {
  const ordered = Uint32Array.from(places);
  return ordered.sort((a, b) => directory.offset(a) - directory.offset(b));
};

/**
 * Cuts a selection into reads. Whatever the archive, a segment holds at most 4 MiB of it (plus headers) and 16 MiB
 * of content, unless it is a single large entry.
 */
export function* readSegments(archive: Archive, selection: Iterable<number>): Generator<ReadSegment> {
  const { directory } = archive;
  let places: number[] = [];
  let start = 0;
  let end = 0;
  let contentBytes = 0;
  const segment = (): ReadSegment => ({ places, start, end, isLarge: false });
  for (const place of byOffset(directory, selection)) {
    const span = entrySpan(archive, place);
    const sizeBytes = directory.sizeBytes(place);
    const isLarge = sizeBytes > sliceBytes || directory.storedBytes(place) > segmentStoredBytes;
    const fits =
      span.start - end < gapBytes &&
      span.end - start <= segmentStoredBytes + gapBytes &&
      contentBytes + sizeBytes <= segmentContentBytes &&
      places.length < segmentEntries;
    if (places.length > 0 && (isLarge || !fits)) {
      yield segment();
      places = [];
    }
    if (isLarge) {
      yield { places: [place], ...span, isLarge };
      continue;
    }
    if (places.length === 0) {
      start = span.start;
      contentBytes = 0;
    }
    places.push(place);
    end = span.end;
    contentBytes += sizeBytes;
  }
  if (places.length > 0) yield segment();
}
