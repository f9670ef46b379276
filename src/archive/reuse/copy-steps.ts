import type { Archive } from "../read/open-archive.ts";
import { readSegments, type ReadSegment } from "../read/read-segments.ts";

/** Bytes of an archive without a gap, from the local header of the first place to the end of the last one's data. */
export interface CopyRun {
  readonly start: number;
  readonly end: number;
  readonly places: readonly number[];
}

/** What is done one after another: bytes copied unseen within the container, or read, checked and staged. */
type CopyStep = { readonly copy: CopyRun } | { readonly read: ReadSegment };

/** Cuts entries, given in the order of their data, into runs without a gap between them. */
export function* copyRunsOf({ directory }: Pick<Archive, "directory">, places: Iterable<number>): Generator<CopyRun> {
  let run: number[] = [];
  let start = 0;
  let end = -1;
  for (const place of places) {
    const offset = directory.offset(place);
    if (offset !== end) {
      if (run.length > 0) yield { start, end, places: run };
      run = [];
      start = offset;
    }
    run.push(place);
    end = offset + directory.headerBytes(place) + directory.storedBytes(place);
  }
  if (run.length > 0) yield { start, end, places: run };
}

/** Runs of at least `copyFrom` bytes are copied, shorter ones in between are read together. */
export function* copySteps(archive: Archive, places: Iterable<number>, copyFrom: number): Generator<CopyStep> {
  let short: number[] = [];
  const readShort = function* (): Generator<CopyStep> {
    for (const read of readSegments(archive, short)) yield { read };
    short = [];
  };
  for (const run of copyRunsOf(archive, places)) {
    if (run.end - run.start < copyFrom) for (const place of run.places) short.push(place);
    else {
      yield* readShort();
      yield { copy: run };
    }
  }
  yield* readShort();
}
