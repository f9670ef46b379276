import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { forEachBounded, limitedTo } from "../bounded.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { storedStart } from "./entry-data.ts";
import { ExtractJobBuilder, type ExtractResult, type NewFile } from "../threads/extract-job.ts";
import { checkReadable } from "../content/inflate-entry.ts";
import type { Archive } from "./open-archive.ts";
import type { ReadRunner } from "../threads/read-runner.ts";
import { readSegments, type ReadSegment } from "./read-segments.ts";

export interface PlacedEntry {
  readonly place: number;
  readonly entry: DirectoryEntry;
}

/** What becomes of the entries. */
interface SegmentUse {
  /** "files": what `fileOf` gives is written by the runner; entries without are only checked. */
  readonly output: "check" | "return" | "files";
  readonly fileOf?: (placed: PlacedEntry) => NewFile | undefined;
  /** Checked content of a small entry; only with output "return". */
  readonly onContent?: (placed: PlacedEntry, content: Uint8Array) => Promise<void>;
  /** A single entry too large for a segment. */
  readonly onLarge: (placed: PlacedEntry) => Promise<void>;
  /** An entry that is not what the directory says. Throwing ends everything. */
  readonly onFault: (fault: ArchiveInvalid) => void;
  readonly onDone?: (entries: readonly PlacedEntry[], ownerRefused: number) => void;
}

export interface ExtractOptions {
  readonly runner: ReadRunner;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a selection segment by segment, a few at a time, and gives the work to the runner. */
export const extractSegments = (
  archive: Archive,
  selection: Iterable<number>,
  use: SegmentUse & ExtractOptions,
): Promise<void> => {
  // Each holds a few slices, and is inflated by a thread of its own.
  const amongLarge = limitedTo(use.runner.threads);
  // One more than the threads' places, so that reading goes on while all of them are taken.
  return forEachBounded(readSegments(archive, selection), 2 * use.runner.threads + 1, async (segment) => {
    use.signal?.throwIfAborted();
    if (segment.isLarge) await amongLarge(() => useLarge(archive, segment, use));
    else await useSegment(archive, segment, use);
  });
};

const useLarge = async (archive: Archive, segment: ReadSegment, use: SegmentUse): Promise<void> => {
  for (const place of segment.places) {
    const placed = { place, entry: archive.directory.at(place) };
    try {
      await use.onLarge(placed);
    } catch (error) {
      const fault = ofEntry(placed.entry.name, error);
      if (!(fault instanceof ArchiveInvalid)) throw fault;
      use.onFault(fault);
      continue;
    }
    use.onDone?.([placed], 0);
  }
};

const useSegment = async (archive: Archive, segment: ReadSegment, use: SegmentUse & ExtractOptions): Promise<void> => {
  const bytes = ownBytes(await archive.source.read(segment.start, segment.end - segment.start, use.signal));
  const builder = new ExtractJobBuilder();
  const entries: PlacedEntry[] = [];
  const files: (NewFile | undefined)[] = [];
  for (const place of segment.places) {
    const placed = { place, entry: archive.directory.at(place) };
    try {
      builder.add(placed.entry, dataStart(placed.entry, bytes, segment));
    } catch (error) {
      const fault = ofEntry(placed.entry.name, error);
      if (!(fault instanceof ArchiveInvalid)) throw fault;
      use.onFault(fault);
      continue;
    }
    entries.push(placed);
    files.push(use.fileOf?.(placed));
  }
  const output = use.output === "files" ? files : use.output;
  const result = await use.runner.run("extract", builder.finish(bytes, output));
  await useResult(entries, result, use);
};

const dataStart = (entry: DirectoryEntry, bytes: Uint8Array, segment: ReadSegment): number => {
  checkReadable(entry);
  const start = storedStart(entry, bytes, entry.offset - segment.start);
  if (start + entry.storedBytes > bytes.length)
    throw new ArchiveInvalid("Overlap", "Its bytes run into the next record.");
  return start;
};

const useResult = async (entries: readonly PlacedEntry[], result: ExtractResult, use: SegmentUse): Promise<void> => {
  const faulty = new Set<number>();
  for (const { index, code, what } of result.faults) {
    faulty.add(index);
    use.onFault(new ArchiveInvalid(code, what, { entry: entries[index]?.entry.name }));
  }
  const good = entries.filter((_placed, index) => !faulty.has(index));
  let at = 0;
  for (const placed of use.output === "return" ? good : []) {
    const end = at + placed.entry.sizeBytes;
    await use.onContent?.(placed, result.content.subarray(at, end));
    at = end;
  }
  use.onDone?.(good, result.ownerRefused);
};

/** In memory that can be given away: short reads may be a part of memory that others use as well. */
const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes);
