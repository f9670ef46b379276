import { localHeaderBytes } from "./local-header.ts";
import { ListingColumns } from "./listing-columns.ts";
import type { Archive } from "./open-archive.ts";
import type { Reread, ReusePlan } from "./reuse-plan.ts";

/** Entries to copy by one step: all that it needs to know besides the previous archive itself. */
export interface CopyShard {
  /** Of no other shard of the new archive, and the one behind it neither: what cannot be copied is packed under that. */
  readonly number: number;
  /** The entries as they are today, in the order of their data in the previous archive. Not sorted by name. */
  readonly listing: ListingColumns;
  /** For every place of `listing` the place of the previous archive. */
  readonly archivedAt: Uint32Array;
  /** Of all shards together. */
  readonly copiedBytes: number;
  readonly reread: Reread;
}

/** Copy shards are numbered from here on, by twos: far beyond those that are packed. */
export const firstCopyNumber = 0x8000_0000;

/** Reading and writing this much takes less than a minute; copying within a container even less. */
const shardBytes = 2 * 2 ** 30;
const shardEntries = 200_000;

export interface CopyPlan {
  readonly listing: ListingColumns;
  readonly plan: Pick<ReusePlan, "archivedAt" | "copiedBytes">;
  readonly reread: Reread;
}

/** Cuts what is copied into shards that can be done side by side, one after another as they are asked for. */
export function* copyShards(
  { directory, byOffset }: Archive,
  { listing, plan, reread }: CopyPlan,
  limits = { sizeBytes: shardBytes, entries: shardEntries },
): Generator<CopyShard> {
  const listedAt = inverse(plan.archivedAt, directory.length);
  let number = firstCopyNumber;
  let places: number[] = [];
  let sizeBytes = 0;
  const shard = (): CopyShard => {
    const own = new ListingColumns();
    for (const place of places) own.append(listing.at(listedAt[place] ?? -1));
    return { number, listing: own, archivedAt: Uint32Array.from(places), copiedBytes: plan.copiedBytes, reread };
  };
  for (const place of byOffset) {
    if ((listedAt[place] ?? -1) < 0) continue;
    const entryBytes = localHeaderBytes + directory.storedBytes(place);
    if (places.length > 0 && (sizeBytes + entryBytes > limits.sizeBytes || places.length >= limits.entries)) {
      yield shard();
      number += 2;
      places = [];
      sizeBytes = 0;
    }
    places.push(place);
    sizeBytes += entryBytes;
  }
  if (places.length > 0) yield shard();
}

const inverse = (archivedAt: Int32Array, length: number): Int32Array => {
  const listedAt = new Int32Array(length).fill(-1);
  for (let listed = 0; listed < archivedAt.length; listed++) {
    const archived = archivedAt[listed] ?? -1;
    if (archived >= 0) listedAt[archived] = listed;
  }
  return listedAt;
};
