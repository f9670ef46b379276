import { sliceBytes } from "../content/content-hash.ts";
import type { ListingColumns } from "./listing-columns.ts";

/**
 * A contiguous part of a sorted listing, packed by one step: the entries from place `from` to `to` (exclusive). Of a
 * large file it may hold some slices only: of the entry at `from` those from `firstSlice` on, of the last entry
 * (`to - 1`) those before `endSlice`. A shard with `firstSlice` > 0 does not count that entry as its own.
 */
export interface Shard {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly firstSlice: number;
  /** Undefined: the last entry is packed to its end. */
  readonly endSlice: number | undefined;
  /** As listed. */
  readonly sizeBytes: number;
  /** Entries that begin in this shard; summed over all shards: the length of the listing. */
  readonly entries: number;
}

/** How much one shard should hold: a minute of work. Whichever is reached first counts. */
export interface ShardTarget {
  readonly sizeBytes: number;
  readonly entries: number;
}

export const defaultShardTarget: ShardTarget = { sizeBytes: 2 ** 30, entries: 100_000 };

/** Blocks are this long, so that an archive of any size stays well below the 50,000 blocks that a blob may have. */
export const blockBytesFor = (plannedBytes: number): number =>
  Math.max(sliceBytes, Math.ceil(plannedBytes / 20_000 / 65_536) * 65_536);

/** Slices in which a file of this size is packed; 0 when it is packed whole. */
export const sliceCount = (sizeBytes: number): number =>
  sizeBytes <= sliceBytes ? 0 : Math.ceil(sizeBytes / sliceBytes);

/**
 * Cuts a sorted listing into shards of equal cost, where an entry costs as much as `target.sizeBytes /
 * target.entries` bytes. A cut falls between entries, or between slices of a large file.
 */
export const planShards = (listing: ListingColumns, target: ShardTarget): readonly Shard[] => {
  const entryCost = target.sizeBytes / target.entries;
  let totalCost = 0;
  for (let place = 0; place < listing.length; place++) totalCost += entryCost + listing.sizeBytes(place);
  const cutter = new ShardCutter(totalCost / Math.max(1, Math.ceil(totalCost / target.sizeBytes)));
  for (let place = 0; place < listing.length; place++) {
    const sizeBytes = listing.sizeBytes(place);
    const slices = sliceCount(sizeBytes);
    if (slices === 0) cutter.add({ place, slice: 0, sizeBytes, cost: entryCost + sizeBytes });
    for (let slice = 0; slice < slices; slice++) {
      const bytes = Math.min(sliceBytes, sizeBytes - slice * sliceBytes);
      cutter.add({ place, slice, sizeBytes: bytes, cost: bytes + (slice === 0 ? entryCost : 0) });
    }
  }
  return cutter.finish();
};

interface Unit {
  readonly place: number;
  /** 0 also for an entry that is packed whole. */
  readonly slice: number;
  readonly sizeBytes: number;
  readonly cost: number;
}

/** Cuts before the unit whose middle lies beyond the next multiple of the mean, so that errors do not add up. */
class ShardCutter {
  readonly #meanCost: number;
  readonly #shards: Shard[] = [];
  #cost = 0;
  #first: Unit | undefined;
  #last: Unit | undefined;
  #sizeBytes = 0;
  #entries = 0;

  constructor(meanCost: number) {
    this.#meanCost = meanCost;
  }

  add(unit: Unit): void {
    const due = this.#meanCost * (this.#shards.length + 1);
    // The small allowance keeps rounding from cutting a last shard of almost nothing.
    if (this.#first && this.#cost + unit.cost / 2 > due * (1 + 1e-9)) this.#cut(unit);
    this.#first ??= unit;
    this.#last = unit;
    this.#cost += unit.cost;
    this.#sizeBytes += unit.sizeBytes;
    if (unit.slice === 0) this.#entries++;
  }

  #cut(next: Unit | undefined): void {
    if (!this.#first || !this.#last) return;
    this.#shards.push({
      number: this.#shards.length,
      from: this.#first.place,
      to: this.#last.place + 1,
      firstSlice: this.#first.slice,
      endSlice: next && next.place === this.#last.place ? next.slice : undefined,
      sizeBytes: this.#sizeBytes,
      entries: this.#entries,
    });
    this.#first = undefined;
    this.#sizeBytes = 0;
    this.#entries = 0;
  }

  finish(): readonly Shard[] {
    this.#cut(undefined);
    return this.#shards;
  }
}
