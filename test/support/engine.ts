import { objectSource } from "../../src/archive/byte-source.ts";
import { decodeListing, encodeListing } from "../../src/archive/listing-encoding.ts";
import { ListingColumns } from "../../src/archive/listing-columns.ts";
import { openArchive, type Archive } from "../../src/archive/open-archive.ts";
import { packShard, type PackDependencies } from "../../src/archive/pack-shard.ts";
import { blockBytesFor, defaultShardTarget, planShards, type ShardTarget } from "../../src/archive/plan.ts";
import { sealArchive, type SealedArchive } from "../../src/archive/seal.ts";
import type { ShardIndex } from "../../src/archive/shard-index.ts";
import type { LeftOut } from "../../src/domain/listing.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";

/** A site's listing, sorted, and what could not be listed. */
export const listSite = async (
  site: SiteFiles,
): Promise<{ readonly listing: ListingColumns; readonly leftOut: readonly LeftOut[] }> => {
  const listing = new ListingColumns();
  const leftOut: LeftOut[] = [];
  for await (const batch of site.list()) {
    for (const entry of batch.entries) listing.append(entry);
    leftOut.push(...batch.leftOut);
  }
  listing.sort();
  return { listing, leftOut };
};

const contentBytes = (listing: ListingColumns): number => {
  let sum = 0;
  for (let place = 0; place < listing.length; place++) sum += listing.sizeBytes(place);
  return sum;
};

/** A whole backup in one process: list, plan, pack shard after shard, seal, commit. */
export const backUp = async (
  dependencies: PackDependencies,
  name: string,
  options: { readonly target?: ShardTarget; readonly level?: number } = {},
): Promise<SealedArchive> => {
  const { site, destination } = dependencies;
  const upload = { name, run: "run-1" };
  const { listing } = await listSite(site);
  const blockBytes = blockBytesFor(contentBytes(listing));
  const level = options.level === undefined ? {} : { level: options.level };
  const shards: ShardIndex[] = [];
  for (const shard of planShards(listing, options.target ?? defaultShardTarget)) {
    const own = decodeListing(encodeListing(listing, shard.from, shard.to));
    shards.push(await packShard(dependencies, { ...shard, ...level, upload, blockBytes, listing: own }));
  }
  const sealed = await sealArchive({ shards, destination, upload, planned: listing.length, blockBytes });
  await destination.commit(upload, sealed.blocks, { commitid: sealed.commitId });
  return sealed;
};

export const openBackup = async (destination: Destination, name: string): Promise<Archive> => {
  const object = await destination.head(name);
  if (!object) throw new Error(`There is no ${name}.`);
  return openArchive(objectSource(destination, object));
};
