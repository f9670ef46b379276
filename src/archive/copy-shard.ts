import type { BytePath } from "../domain/byte-path.ts";
import { copyEntries, type CopyWork } from "./copy-entries.ts";
import { ListingColumns } from "./listing-columns.ts";
import { packShard, type PackDependencies } from "./pack-shard.ts";
import type { ShardIndex } from "./shard-index.ts";
import { asSourceLost, SourceLost } from "./source-lost.ts";

export interface CopyShardWork extends CopyWork {
  readonly level?: number;
}

export interface CopiedShard {
  /** For sealing, in this order: what was copied and, where something was damaged, what was packed in its place. */
  readonly indexes: readonly ShardIndex[];
  /** What the previous archive holds damaged, and was packed from the site: worth a warning about that archive. */
  readonly damaged: readonly BytePath[];
}

/** Damage beyond this is for the steps that pack: they share the work. */
const mostRepairedBytes = 512 * 2 ** 20;

/**
 * Copies the entries of a shard out of the previous archive, and packs from the site those that are damaged there.
 * Throws SourceLost when that archive is not there any more, or not worth copying from: then no shard of it is used.
 */
export const copyShard = async (dependencies: PackDependencies, work: CopyShardWork): Promise<CopiedShard> => {
  const { shard, upload, blockBytes, signal, onProgress } = work;
  const { name } = work.previous.object;
  const { index, damaged } = await copyEntries(dependencies.destination, work).catch((error: unknown) => {
    throw asSourceLost(name, error);
  });
  if (damaged.length === 0) return { indexes: [index], damaged: [] };
  const listing = new ListingColumns();
  for (const place of damaged) listing.append(shard.listing.at(place));
  listing.sort();
  if (sumOfSizes(listing) > mostRepairedBytes) throw new SourceLost(name, "is damaged in too many places");
  const repaired = await packShard(dependencies, {
    number: shard.number + 1,
    firstSlice: 0,
    endSlice: undefined,
    listing,
    upload,
    blockBytes,
    ...(work.level === undefined ? {} : { level: work.level }),
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ entries, sizeBytes }) =>
      onProgress?.({ entries: index.entries + entries, sizeBytes: index.sizeBytes + sizeBytes }),
  });
  return { indexes: [index, repaired], damaged: damaged.map((place) => shard.listing.at(place).path) };
};

const sumOfSizes = (listing: ListingColumns): number => {
  let sum = 0;
  for (let place = 0; place < listing.length; place++) sum += listing.sizeBytes(place);
  return sum;
};
