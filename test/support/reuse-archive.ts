import { decodeCopyShard, encodeCopyShard } from "../../src/archive/reuse/copy-shard-encoding.ts";
import { copyShard } from "../../src/archive/reuse/copy-shard.ts";
import { copyShards } from "../../src/archive/reuse/copy-shards.ts";
import type { ListingColumns } from "../../src/archive/listing/listing-columns.ts";
import { decodeListing, encodeListing } from "../../src/archive/listing/listing-encoding.ts";
import { packShard, type PackDependencies } from "../../src/archive/pack/pack-shard.ts";
import { blockBytesFor, defaultShardTarget, planShards, type ShardTarget } from "../../src/archive/listing/plan.ts";
import type { ReadRunner } from "../../src/archive/threads/read-runner.ts";
import { entriesToPack, planReuse, type Reread, type ReusePlan } from "../../src/archive/reuse/reuse-plan.ts";
import { openPrevious, type PreviousRef } from "../../src/archive/reuse/reuse-source.ts";
import { sealArchive, type SealedArchive } from "../../src/archive/shards/seal.ts";
import { decodeShardIndex, encodeShardIndex } from "../../src/archive/shards/shard-index-encoding.ts";
import type { ShardIndex } from "../../src/archive/shards/shard-index.ts";
import type { BytePath } from "../../src/domain/byte-path.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";
import { listSite } from "./pack-archive.ts";
import { inlinePackRunner, inlineRunner } from "./inline-runners.ts";

export interface ReuseSetting {
  readonly site: SiteFiles;
  readonly destination: Destination;
  readonly previous: PreviousRef;
  /** Where the previous archive lies, when elsewhere. */
  readonly previousIn?: Destination;
  readonly name: string;
  readonly reread?: Reread;
  readonly blockBytes?: number;
  readonly copyLimits?: { readonly sizeBytes: number; readonly entries: number };
  readonly target?: ShardTarget;
  readonly runner?: PackDependencies["runner"] & ReadRunner;
  /** Runs between planning and copying. */
  readonly whenPlanned?: () => void | Promise<void>;
}

export interface Reused extends SealedArchive {
  readonly plan: ReusePlan;
  readonly damaged: readonly BytePath[];
}

/** The third of a run, in order: no reread worth speaking of. */
const seldom: Reread = { run: 1, every: 1_000_003 };

/** What a backup's steps do when they reuse the previous archive: every step knows only what the one before encoded. */
export const reuseArchive = async (setting: ReuseSetting): Promise<Reused> => {
  const { site, destination, name } = setting;
  const upload = { name, run: "run-2" };
  const listing = await listSite(site);
  const blockBytes = setting.blockBytes ?? blockBytesFor(listing.totalBytes());
  const planned = await planOf(setting, listing);
  await setting.whenPlanned?.();
  const dependencies = { site, destination, runner: setting.runner ?? inlinePackRunner };
  const indexes: Uint8Array[] = [];
  const damaged: BytePath[] = [];
  for (const encoded of planned.copies) {
    const previous = await openPrevious(setting.previousIn ?? destination, planned.previous);
    const shard = decodeCopyShard(encoded);
    const isInDestination = setting.previousIn === undefined;
    const copied = await copyShard(dependencies, { previous, isInDestination, shard, upload, blockBytes });
    indexes.push(...copied.indexes.map(encodeShardIndex));
    damaged.push(...copied.damaged);
  }
  for (const { slices, ...shard } of planned.packs) {
    const work = { ...shard, listing: decodeListing(slices), upload, blockBytes };
    indexes.push(encodeShardIndex(await packShard(dependencies, work)));
  }
  const shards: ShardIndex[] = indexes.map(decodeShardIndex);
  const sealed = await sealArchive({ shards, destination, upload, planned: listing.length, blockBytes });
  const object = await destination.commit(upload, sealed.blocks, { commitid: sealed.commitId });
  if (object.sizeBytes !== sealed.sizeBytes) throw new Error(`${object.sizeBytes} bytes, not ${sealed.sizeBytes}.`);
  return { ...sealed, plan: planned.plan, damaged };
};

const planOf = async (setting: ReuseSetting, listing: ListingColumns) => {
  const { site, reread = seldom } = setting;
  const previous = await openPrevious(setting.previousIn ?? setting.destination, setting.previous);
  const runner = setting.runner ?? inlineRunner;
  const plan = await planReuse(previous.archive.directory, { listing, files: site }, { runner, reread });
  const rest = entriesToPack(listing, plan);
  return {
    plan,
    previous: { ...setting.previous, etag: previous.object.etag },
    copies: [...copyShards(previous.archive, { listing, plan, reread }, setting.copyLimits)].map(encodeCopyShard),
    packs: planShards(rest, setting.target ?? defaultShardTarget).map((shard) => ({
      ...shard,
      slices: [...encodeListing(rest, shard.from, shard.to)],
    })),
  };
};
