import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { sliceBytes } from "../../../src/archive/content/content-hash.ts";
import { ListingColumns } from "../../../src/archive/listing/listing-columns.ts";
import {
  blockBytesFor,
  defaultShardTarget,
  planShards,
  sliceCount,
  type Shard,
} from "../../../src/archive/listing/plan.ts";

const MiB = 2 ** 20;
const listingOf = (sizes: readonly number[]): ListingColumns => {
  const listing = new ListingColumns();
  for (const [row, sizeBytes] of sizes.entries()) {
    const path = pathFromText(`f${String(row).padStart(8, "0")}`);
    listing.append({ path, kind: "file", sizeBytes, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n });
  }
  return listing;
};
const largestToMean = (values: readonly number[]): number =>
  Math.max(...values) / (values.reduce((sum, value) => sum + value, 0) / values.length);

/** Every unit of the plan, in order: `place:slice`. */
const units = (shards: readonly Shard[], listing: ListingColumns): string[] =>
  shards.flatMap((shard) => {
    const found: string[] = [];
    for (let place = shard.from; place < shard.to; place++) {
      const slices = Math.max(1, sliceCount(listing.sizeBytes(place)));
      const first = place === shard.from ? shard.firstSlice : 0;
      const end = place === shard.to - 1 ? (shard.endSlice ?? slices) : slices;
      for (let slice = first; slice < end; slice++) found.push(`${place}:${slice}`);
    }
    return found;
  });

describe("the plan", () => {
  it("holds every entry and every slice once, in order", () => {
    const size = fc.oneof(
      fc.nat(2 * MiB),
      fc.integer({ min: 0, max: 20 }).map((slices) => slices * sliceBytes),
      fc.nat(200 * MiB),
    );
    const target = fc.record({
      sizeBytes: fc.integer({ min: MiB, max: 256 * MiB }),
      entries: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(size, { maxLength: 60 }), target, (sizes, goal) => {
        const listing = listingOf(sizes);
        const shards = planShards(listing, goal);
        const all = sizes.flatMap((bytes, place) =>
          Array.from({ length: Math.max(1, sliceCount(bytes)) }, (_, slice) => `${place}:${slice}`),
        );
        expect(units(shards, listing)).toEqual(all);
        expect(shards.reduce((sum, shard) => sum + shard.entries, 0)).toBe(sizes.length);
        expect(shards.reduce((sum, shard) => sum + shard.sizeBytes, 0)).toBe(
          sizes.reduce((sum, bytes) => sum + bytes, 0),
        );
        expect(shards.map((shard) => shard.number)).toEqual(shards.map((_, at) => at));
      }),
    );
  });

  it("cuts so that no shard costs more than 1.25 times the mean, whatever the mixture", () => {
    const size = fc.oneof(fc.nat(4096), fc.nat(8 * MiB), fc.nat(2000 * MiB));
    const goal = { sizeBytes: 256 * MiB, entries: 1000 };
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 300 }), (sizes) => {
        const shards = planShards(listingOf(sizes), goal);
        const costs = shards.map((shard) => shard.sizeBytes + shard.entries * (goal.sizeBytes / goal.entries));
        expect(largestToMean(costs)).toBeLessThanOrEqual(1.25);
      }),
    );
  });

  it("cuts one file of 500 GB into even shards", () => {
    const shards = planShards(listingOf([500e9]), defaultShardTarget);
    expect(shards.length).toBeGreaterThan(400);
    expect(largestToMean(shards.map((shard) => shard.sizeBytes))).toBeLessThanOrEqual(1.25);
    expect(shards.map((shard) => shard.entries).filter((entries) => entries > 0)).toEqual([1]);
  });

  it("cuts two million files of 1 KB into even shards", () => {
    const shards = planShards(listingOf(Array.from({ length: 2_000_000 }, () => 1024)), defaultShardTarget);
    expect(shards.length).toBeGreaterThan(15);
    expect(largestToMean(shards.map((shard) => shard.entries))).toBeLessThanOrEqual(1.25);
    expect(largestToMean(shards.map((shard) => shard.sizeBytes))).toBeLessThanOrEqual(1.25);
  });

  it("plans nothing for an empty site", () => {
    expect(planShards(listingOf([]), defaultShardTarget)).toEqual([]);
  });

  it("makes blocks that keep any archive below 50,000 of them", () => {
    expect(blockBytesFor(0)).toBe(8 * MiB);
    expect(blockBytesFor(100 * 2 ** 30)).toBe(8 * MiB);
    expect(Math.ceil((10 * 2 ** 40) / blockBytesFor(10 * 2 ** 40))).toBeLessThanOrEqual(20_000);
  });
});
