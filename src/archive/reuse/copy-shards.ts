import type { BytePath } from "../../domain/byte-path.ts";
import { ByteArena } from "../records/byte-arena.ts";
import { CentralEncoder } from "../records/central-encoder.ts";
import { copyRunsOf } from "./copy-steps.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { entryMeta, entryRow } from "../listing/entry-row.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { localHeaderBytes } from "../records/local-header.ts";
import type { Archive } from "../read/open-archive.ts";
import { gapBytes } from "../read/read-segments.ts";
import { isSameRow } from "../directory/row-meta.ts";
import type { Reread, ReusePlan } from "./reuse-plan.ts";

/** Entries to copy by one step: all that it needs to know besides the previous archive itself. */
export interface CopyShard {
  /** Of no other shard of the new archive, and the one behind it neither: what cannot be copied is packed under that. */
  readonly number: number;
  /** Places of the previous archive, in the order of their data. */
  readonly archivedAt: Uint32Array;
  /** The entries' records as of today, one behind the other; their offsets are `offsetsInRuns`. */
  readonly records: Uint8Array;
  /** Where in `records` each ends. */
  readonly recordEnds: Uint32Array;
  /** What links point to, by their index in `archivedAt`. */
  readonly targets: ReadonlyMap<number, BytePath>;
  /** Runs of at least this many bytes may be copied within the container. */
  readonly copyFrom: number;
  readonly reread: Reread;
}

/** Copy shards are numbered from here on, by twos: far beyond those that are packed. */
export const firstCopyNumber = 0x8000_0000;

/** Reading and writing this much takes less than a minute; copying within a container even less. */
const shardBytes = 2 * 2 ** 30;
const shardEntries = 100_000;

/** A copy takes at most this much. */
export const mostCopiedBytes = 100 * 2 ** 20;
/** Runs, and pieces of them, are blocks of their own, often behind a short one; a blob takes 50,000 in all. */
const defaultMost = { runs: 5_000, copies: 15_000 };

interface CopyPlan {
  readonly listing: ListingColumns;
  readonly plan: Pick<ReusePlan, "archivedAt">;
  readonly reread: Reread;
}

/**
 * The length from which on runs are copied within the container: as short as is worth a request, unless the archive is
 * so large, or in so many pieces, that its blocks would be too many.
 */
export const copyLengthFrom = (
  archive: Pick<Archive, "directory">,
  places: Iterable<number>,
  most = defaultMost,
): number => {
  const lengths: number[] = [];
  let copies = 0;
  for (const { start, end } of copyRunsOf(archive, places)) {
    if (end - start < gapBytes) continue;
    lengths.push(end - start);
    copies += Math.ceil((end - start) / mostCopiedBytes);
  }
  if (copies > most.copies) return Number.MAX_SAFE_INTEGER;
  const longestLeft = lengths.toSorted((a, b) => b - a)[most.runs];
  return longestLeft === undefined ? gapBytes : longestLeft + 1;
};

/** Cuts what is copied into shards that can be done side by side, one after another as they are asked for. */
export function* copyShards(
  { directory, byOffset }: Archive,
  { listing, plan, reread }: CopyPlan,
  limits = { sizeBytes: shardBytes, entries: shardEntries },
): Generator<CopyShard> {
  const listedAt = inverse(plan.archivedAt, directory.length);
  const copied = byOffset.filter((place) => (listedAt[place] ?? -1) >= 0);
  const copyFrom = copyLengthFrom({ directory }, copied);
  let number = firstCopyNumber;
  let from = 0;
  const shard = (to: number): CopyShard => {
    const archivedAt = copied.subarray(from, to);
    const listed = archivedAt.map((place) => listedAt[place] ?? -1);
    return { number, archivedAt, ...recordsOf(directory, archivedAt, { listing, listed }), copyFrom, reread };
  };
  let sizeBytes = 0;
  for (const [at, place] of copied.entries()) {
    const entryBytes = localHeaderBytes + directory.storedBytes(place);
    if (at > from && (sizeBytes + entryBytes > limits.sizeBytes || at - from >= limits.entries)) {
      yield shard(at);
      number += 2;
      from = at;
      sizeBytes = 0;
    }
    sizeBytes += entryBytes;
  }
  if (copied.length > from) yield shard(copied.length);
}

/** How far behind the start of its run, a stretch of the previous archive without a gap, each entry lies. */
export const offsetsInRuns = (directory: DirectoryColumns, places: Uint32Array): Float64Array => {
  const offsets = new Float64Array(places.length);
  let index = 0;
  for (const run of copyRunsOf({ directory }, places))
    for (const place of run.places) offsets[index++] = directory.offset(place) - run.start;
  return offsets;
};

/** What is copied was not changed just now: that was made sure of before. */
const neverSuspect = 2n ** 63n - 1n;

/** Today's rows: content and its checksums from the previous archive, everything else as listed. */
const recordsOf = (
  directory: DirectoryColumns,
  archivedAt: Uint32Array,
  today: { readonly listing: ListingColumns; readonly listed: Uint32Array },
): Pick<CopyShard, "records" | "recordEnds" | "targets"> => {
  const encoder = new CentralEncoder(today.listing.owners);
  const offsets = offsetsInRuns(directory, archivedAt);
  const records = new ByteArena();
  const recordEnds = new Uint32Array(archivedAt.length);
  const targets = new Map<number, BytePath>();
  for (let index = 0; index < archivedAt.length; index++) {
    const [archived = 0, listed = 0, offset = 0] = [archivedAt[index], today.listed[index], offsets[index]];
    const isSame = directory.kind(archived) !== "link" && isSameRow(directory, archived, today.listing, listed);
    if (!isSame || !directory.writeRecord(archived, offset, { encoder, records })) {
      const now = today.listing.at(listed);
      encoder.write(entryRow(entryMeta(now, neverSuspect), directory.at(archived), offset), records);
      if (now.target !== undefined) targets.set(index, now.target);
    }
    recordEnds[index] = records.length;
  }
  return { records: records.take(), recordEnds, targets };
};

const inverse = (archivedAt: Int32Array, length: number): Int32Array => {
  const listedAt = new Int32Array(length).fill(-1);
  for (let listed = 0; listed < archivedAt.length; listed++) {
    const archived = archivedAt[listed] ?? -1;
    if (archived >= 0) listedAt[archived] = listed;
  }
  return listedAt;
};
