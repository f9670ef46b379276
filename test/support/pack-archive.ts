import { decodeShardIndex, encodeShardIndex } from "../../src/archive/shards/shard-index-encoding.ts";
import { ListingColumns } from "../../src/archive/listing/listing-columns.ts";
import { decodeListing, encodeListing } from "../../src/archive/listing/listing-encoding.ts";
import { packShard } from "../../src/archive/pack/pack-shard.ts";
import type { PackRunner } from "../../src/archive/threads/pack-runner.ts";
import {
  blockBytesFor,
  defaultShardTarget,
  planShards,
  type Shard,
  type ShardTarget,
} from "../../src/archive/listing/plan.ts";
import { sealArchive, type SealedArchive } from "../../src/archive/shards/seal.ts";
import type { ShardIndex } from "../../src/archive/shards/shard-index.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";
import { inlinePackRunner } from "./inline-runners.ts";

export interface PackOptions {
  readonly site: SiteFiles;
  readonly destination: Destination;
  readonly runner?: PackRunner;
  readonly target?: ShardTarget;
  readonly blockBytes?: number;
  readonly name?: string;
  readonly signal?: AbortSignal;
  /** Shards that are put behind those of the site, and how many entries they have. */
  readonly more?: { readonly shards: readonly ShardIndex[]; readonly entries: number };
  /** Runs when everything is listed and nothing packed. */
  readonly whenListed?: () => void;
}

export const listSite = async (site: SiteFiles): Promise<ListingColumns> => {
  const listing = new ListingColumns();
  for await (const { entries } of site.list()) for (const entry of entries) listing.append(entry);
  listing.sort();
  return listing;
};

/** Lists, plans, packs shard after shard, and seals and commits: what a backup's steps do, scratch included. */
export const packArchive = async (
  options: PackOptions,
): Promise<SealedArchive & { readonly shards: readonly Shard[] }> => {
  const listing = await listSite(options.site);
  options.whenListed?.();
  const shards = planShards(listing, options.target ?? defaultShardTarget);
  const blockBytes = options.blockBytes ?? blockBytesFor(shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const { destination, site, runner = inlinePackRunner, name = "a.zip" } = options;
  const upload = { name, run: "run-1" };
  const indexes: Uint8Array[] = [];
  for (const shard of shards) {
    const index = await packShard(
      { site, destination, runner },
      {
        ...shard,
        upload,
        blockBytes,
        listing: decodeListing(encodeListing(listing, shard.from, shard.to)),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    indexes.push(encodeShardIndex(index));
  }
  const sealed = await sealArchive({
    shards: [...indexes.map(decodeShardIndex), ...(options.more?.shards ?? [])],
    destination,
    upload,
    planned: listing.length + (options.more?.entries ?? 0),
    blockBytes,
  });
  const object = await destination.commit(upload, sealed.blocks, { commitid: sealed.commitId });
  if (object.sizeBytes !== sealed.sizeBytes) throw new Error(`${object.sizeBytes} bytes, not ${sealed.sizeBytes}.`);
  return { ...sealed, shards };
};

export const readWhole = async (destination: Destination, name = "a.zip"): Promise<Buffer> => {
  const object = await destination.head(name);
  return Buffer.from(await destination.read(name, { offset: 0, length: object?.sizeBytes ?? 0 }));
};
