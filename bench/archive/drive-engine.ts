import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { objectSource } from "../../src/archive/read/byte-source.ts";
import { decodeCopyShard, encodeCopyShard } from "../../src/archive/reuse/copy-shard-encoding.ts";
import { copyShard } from "../../src/archive/reuse/copy-shard.ts";
import { copyShards } from "../../src/archive/reuse/copy-shards.ts";
import type { ListingColumns } from "../../src/archive/listing/listing-columns.ts";
import { listingBytes, listingFromBytes } from "../../src/archive/listing/listing-encoding.ts";
import { listSite } from "../../src/archive/listing/list-site.ts";
import { openArchive, type Archive } from "../../src/archive/read/open-archive.ts";
import type { PackPool } from "../../src/archive/threads/pack-pool.ts";
import { packShard } from "../../src/archive/pack/pack-shard.ts";
import { blockBytesFor, defaultShardTarget, planShards, type Shard } from "../../src/archive/listing/plan.ts";
import { entriesToPack, planReuse, type Reread } from "../../src/archive/reuse/reuse-plan.ts";
import { openPrevious, type PreviousRef } from "../../src/archive/reuse/reuse-source.ts";
import { sealArchive, type SealedArchive } from "../../src/archive/shards/seal.ts";
import { decodeShardIndex, encodeShardIndex } from "../../src/archive/shards/shard-index-encoding.ts";
import type { ShardIndex } from "../../src/archive/shards/shard-index.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";

// What a backup's steps do with the engine: every step knows only what the one before left in scratch, on disk.

interface Setting {
  readonly site: SiteFiles;
  readonly destination: Destination;
  readonly runner: PackPool;
  readonly name: string;
  /** Told when a part is done, for whoever looks for hot spots. */
  readonly tick: (part: string) => void;
}

interface Scratch {
  /** Returns the name under which it is found. */
  readonly put: (bytes: Uint8Array) => Promise<string>;
  readonly get: (name: string) => Promise<Uint8Array>;
}

interface Plan {
  readonly entries: number;
  readonly blockBytes: number;
  readonly shards: readonly (Shard & { readonly listing: string })[];
  readonly previous?: PreviousRef;
  readonly copies: readonly string[];
}

const withScratch = async <Result>(work: (scratch: Scratch) => Promise<Result>): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-scratch-"));
  let count = 0;
  try {
    return await work({
      put: async (bytes) => {
        const name = join(folder, `${count++}`);
        await writeFile(name, bytes);
        return name;
      },
      get: (name) => readFile(name),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};

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

const uploadOf = ({ name }: Setting) => ({ name, run: "bench" });

const storeShards = async (scratch: Scratch, listing: ListingColumns): Promise<Plan["shards"]> => {
  const shards: (Shard & { readonly listing: string })[] = [];
  for (const shard of planShards(listing, defaultShardTarget))
    shards.push({ ...shard, listing: await scratch.put(listingBytes(listing, shard.from, shard.to)) });
  return shards;
};

const planFull = async (setting: Setting, scratch: Scratch): Promise<Plan> => {
  const listing = await listAll(setting.site);
  setting.tick("list");
  const blockBytes = blockBytesFor(sizeOf(listing));
  return { entries: listing.length, blockBytes, shards: await storeShards(scratch, listing), copies: [] };
};

/** One of fourteen runs looks again at what it takes on trust: the product's default. */
const reread: Reread = { run: 1, every: 14 };

const planSecond = async (setting: Setting, scratch: Scratch, ref: PreviousRef): Promise<Plan> => {
  const { site, destination, runner, tick } = setting;
  const [listing, { archive, object }] = await Promise.all([listAll(site), openPrevious(destination, ref)]);
  tick("list and open previous");
  const plan = await planReuse(archive.directory, { listing, files: site }, { runner, reread });
  const copies: string[] = [];
  for (const shard of copyShards(archive, { listing, plan, reread }))
    copies.push(await scratch.put(encodeCopyShard(shard)));
  const shards = await storeShards(scratch, entriesToPack(listing, plan));
  const previous = { ...ref, etag: object.etag };
  return { entries: listing.length, blockBytes: blockBytesFor(sizeOf(listing)), shards, previous, copies };
};

const copyPart = async (
  setting: Setting,
  scratch: Scratch,
  plan: Plan,
  part: string,
): Promise<readonly ShardIndex[]> => {
  const { destination } = setting;
  if (plan.previous === undefined) throw new Error("There is nothing to copy from.");
  const previous = await openPrevious(destination, plan.previous);
  const shard = decodeCopyShard(await scratch.get(part));
  const upload = uploadOf(setting);
  const work = { previous, isInDestination: true, shard, upload, blockBytes: plan.blockBytes };
  const { indexes } = await copyShard(setting, work);
  await destination.settle(upload);
  return indexes;
};

const packPart = async (
  setting: Setting,
  scratch: Scratch,
  { shard, blockBytes }: { readonly shard: Plan["shards"][number]; readonly blockBytes: number },
): Promise<ShardIndex> => {
  const upload = uploadOf(setting);
  const listing = listingFromBytes(await scratch.get(shard.listing));
  const index = await packShard(setting, { ...shard, upload, blockBytes, listing });
  await setting.destination.settle(upload);
  return index;
};

const carryOut = async (setting: Setting, scratch: Scratch, plan: Plan): Promise<SealedArchive> => {
  const { destination, tick } = setting;
  tick("plan");
  const indexes: string[] = [];
  for (const part of plan.copies)
    for (const index of await copyPart(setting, scratch, plan, part))
      indexes.push(await scratch.put(encodeShardIndex(index)));
  if (plan.copies.length > 0) tick("copy");
  for (const shard of plan.shards)
    indexes.push(await scratch.put(encodeShardIndex(await packPart(setting, scratch, { shard, ...plan }))));
  tick("pack");
  const shards = (async function* () {
    for (const index of indexes) yield decodeShardIndex(await scratch.get(index));
  })();
  const upload = uploadOf(setting);
  const sealed = await sealArchive({ shards, destination, upload, planned: plan.entries, blockBytes: plan.blockBytes });
  tick("seal");
  await destination.commit(upload, sealed.blocks, { commitid: sealed.commitId });
  tick("commit");
  if (sealed.leftOut[0]) throw new Error(`${sealed.leftOut[0].path}: ${sealed.leftOut[0].reason}`);
  return sealed;
};

/** A full backup from scratch: list, plan, pack shard after shard, seal, commit. */
export const fullBackup = (setting: Setting): Promise<SealedArchive> =>
  withScratch(async (scratch) => carryOut(setting, scratch, await planFull(setting, scratch)));

/** The next full backup: what is unchanged is copied out of the previous archive, the rest is packed. */
export const secondBackup = (setting: Setting, previous: PreviousRef): Promise<SealedArchive> =>
  withScratch(async (scratch) => carryOut(setting, scratch, await planSecond(setting, scratch, previous)));

export const openBackup = async (destination: Destination, name: string): Promise<Archive> => {
  const object = await destination.head(name);
  if (!object) throw new Error(`There is no ${name}.`);
  return openArchive(objectSource(destination, object));
};
