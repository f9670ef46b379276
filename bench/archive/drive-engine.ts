import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";
import { objectSource } from "../../src/archive/byte-source.ts";
import { decodeCopyShard, encodeCopyShard } from "../../src/archive/copy-shard-encoding.ts";
import { copyShard } from "../../src/archive/copy-shard.ts";
import { copyShards } from "../../src/archive/copy-shards.ts";
import type { ListingColumns } from "../../src/archive/listing-columns.ts";
import { listSite } from "../../src/archive/list-site.ts";
import { decodeListing, encodeListing } from "../../src/archive/listing-encoding.ts";
import { openArchive, type Archive } from "../../src/archive/open-archive.ts";
import type { PackPool } from "../../src/archive/pack-pool.ts";
import { packShard } from "../../src/archive/pack-shard.ts";
import { blockBytesFor, defaultShardTarget, planShards } from "../../src/archive/plan.ts";
import { entriesToPack, planReuse, type Reread } from "../../src/archive/reuse-plan.ts";
import { openPrevious } from "../../src/archive/reuse-source.ts";
import { sealArchive, type SealedArchive } from "../../src/archive/seal.ts";
import { decodeShardIndex, encodeShardIndex } from "../../src/archive/shard-index-encoding.ts";

export interface Setting {
  readonly site: SiteFiles;
  readonly destination: Destination;
  readonly runner: PackPool;
  readonly name: string;
  /** Told when a part is done, for whoever looks for hot spots. */
  readonly tick: (part: string) => void;
}

/** Fails where something is left out: then the tools do not do the same. */
export const listAll = async (site: SiteFiles): Promise<ListingColumns> => {
  const { listing, leftOut } = await listSite(site);
  if (leftOut[0]) throw new Error(`${leftOut[0].path}: ${leftOut[0].reason}`);
  return listing;
};

const sizeOf = (listing: ListingColumns): number => {
  let sum = 0;
  for (let place = 0; place < listing.length; place++) sum += listing.sizeBytes(place);
  return sum;
};

const upload = (name: string) => ({ name, run: "bench" });

/** Every step gets what the one before left encoded, as in a backup. */
const packAll = async (setting: Setting, listing: ListingColumns, blockBytes: number): Promise<Uint8Array[]> => {
  const indexes: Uint8Array[] = [];
  const shards = planShards(listing, defaultShardTarget).map((shard) => ({
    ...shard,
    slices: [...encodeListing(listing, shard.from, shard.to)],
  }));
  setting.tick("plan");
  for (const { slices, ...shard } of shards) {
    const work = { ...shard, upload: upload(setting.name), blockBytes, listing: decodeListing(slices) };
    indexes.push(encodeShardIndex(await packShard(setting, work)));
    await setting.destination.settle(work.upload);
  }
  setting.tick("pack");
  return indexes;
};

const seal = async (
  { destination, name, tick }: Setting,
  shards: Iterable<Uint8Array>,
  { planned, blockBytes }: { readonly planned: number; readonly blockBytes: number },
): Promise<SealedArchive> => {
  const decoded = (function* () {
    for (const shard of shards) yield decodeShardIndex(shard);
  })();
  const sealed = await sealArchive({ shards: decoded, destination, upload: upload(name), planned, blockBytes });
  tick("seal");
  await destination.commit(upload(name), sealed.blocks, { commitid: sealed.commitId });
  tick("commit");
  if (sealed.leftOut[0]) throw new Error(`${sealed.leftOut[0].path}: ${sealed.leftOut[0].reason}`);
  return sealed;
};

/** A full backup from scratch: list, plan, pack shard after shard, seal, commit. */
export const fullBackup = async (setting: Setting): Promise<SealedArchive> => {
  const listing = await listAll(setting.site);
  setting.tick("list");
  const blockBytes = blockBytesFor(sizeOf(listing));
  const indexes = await packAll(setting, listing, blockBytes);
  return seal(setting, indexes, { planned: listing.length, blockBytes });
};

/** One of fourteen runs looks again at what it takes on trust: the product's default. */
const reread: Reread = { run: 1, every: 14 };

/** The next full backup: what is unchanged is copied out of the previous archive, the rest is packed. */
export const secondBackup = async (
  setting: Setting,
  previousRef: { readonly name: string; readonly commitId: string },
): Promise<SealedArchive> => {
  const { site, destination, runner, tick } = setting;
  const listing = await listAll(site);
  tick("list");
  const previous = await openPrevious(destination, previousRef);
  tick("open previous");
  const blockBytes = blockBytesFor(sizeOf(listing));
  const plan = await planReuse(previous.archive.directory, { listing, files: site }, { runner, reread });
  const copies = [...copyShards(previous.archive, { listing, plan, reread })].map(encodeCopyShard);
  tick("plan reuse");
  const indexes: Uint8Array[] = [];
  for (const encoded of copies) {
    const shard = decodeCopyShard(encoded);
    const work = { previous, isInDestination: true, shard, upload: upload(setting.name), blockBytes };
    indexes.push(...(await copyShard(setting, work)).indexes.map(encodeShardIndex));
    await destination.settle(work.upload);
  }
  tick("copy");
  indexes.push(...(await packAll(setting, entriesToPack(listing, plan), blockBytes)));
  return seal(setting, indexes, { planned: listing.length, blockBytes });
};

export const openBackup = async (destination: Destination, name: string): Promise<Archive> => {
  const object = await destination.head(name);
  if (!object) throw new Error(`There is no ${name}.`);
  return openArchive(objectSource(destination, object));
};
