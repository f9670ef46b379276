import { copyRunsOf } from "./copy-steps.ts";
import { localHeaderBytes } from "./local-header.ts";
import { ListingColumns } from "./listing-columns.ts";
import type { Archive } from "./open-archive.ts";
import { gapBytes } from "./read-segments.ts";
import type { Reread, ReusePlan } from "./reuse-plan.ts";

/** Entries to copy by one step: all that it needs to know besides the previous archive itself. */
export interface CopyShard {
  /** Of no other shard of the new archive, and the one behind it neither: what cannot be copied is packed under that. */
  readonly number: number;
  /** The entries as they are today, in the order of their data in the previous archive. Not sorted by name. */
  readonly listing: ListingColumns;
  /** For every place of `listing` the place of the previous archive. */
  readonly archivedAt: Uint32Array;
  /** Runs of at least this many bytes may be copied within the container. */
  readonly copyFrom: number;
  readonly reread: Reread;
}

/** Copy shards are numbered from here on, by twos: far beyond those that are packed. */
export const firstCopyNumber = 0x8000_0000;

/** Reading and writing this much takes less than a minute; copying within a container even less. */
const shardBytes = 2 * 2 ** 30;
const shardEntries = 200_000;

/** A copy takes at most this much. */
export const mostCopiedBytes = 100 * 2 ** 20;
/** Runs, and pieces of them, are blocks of their own, often behind a short one; a blob takes 50,000 in all. */
const defaultMost = { runs: 5_000, copies: 15_000 };

export interface CopyPlan {
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
    const own = new ListingColumns();
    const archivedAt = copied.subarray(from, to);
    for (const place of archivedAt) own.append(listing.at(listedAt[place] ?? -1));
    return { number, listing: own, archivedAt, copyFrom, reread };
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

const inverse = (archivedAt: Int32Array, length: number): Int32Array => {
  const listedAt = new Int32Array(length).fill(-1);
  for (let listed = 0; listed < archivedAt.length; listed++) {
    const archived = archivedAt[listed] ?? -1;
    if (archived >= 0) listedAt[archived] = listed;
  }
  return listedAt;
};
