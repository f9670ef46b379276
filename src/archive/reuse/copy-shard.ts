import type { BytePath } from "../../domain/byte-path.ts";
import { copyEntries, type CopiedEntries, type CopyWork } from "./copy-entries.ts";
import { copyLocally } from "./copy-locally.ts";
import type { CopyShard } from "./copy-shards.ts";
import { decodeDirectory } from "../directory/directory-decoder.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { ListingColumns } from "../listing/listing-columns.ts";
import { packShard, type PackDependencies } from "../pack/pack-shard.ts";
import type { ShardIndex } from "../shards/shard-index.ts";
import { asSourceLost, SourceLost } from "./source-lost.ts";

interface CopiedShard {
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
export const copyShard = async (dependencies: PackDependencies, work: CopyWork): Promise<CopiedShard> => {
  const { shard, upload, blockBytes, signal, onProgress } = work;
  const { name } = work.previous.object;
  const { index, damaged } = await copyAll(dependencies, work).catch((error: unknown) => {
    throw asSourceLost(name, error);
  });
  if (damaged.length === 0) return { indexes: [index], damaged: [] };
  const listing = listingOf(shard, damaged);
  if (listing.totalBytes() > mostRepairedBytes)
    throw new SourceLost(name, "is damaged in too many places", { isDamage: true });
  const repaired = await packShard(dependencies, {
    number: shard.number + 1,
    firstSlice: 0,
    endSlice: undefined,
    listing,
    upload,
    blockBytes,
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ entries, sizeBytes }) =>
      onProgress?.({ entries: index.entries + entries, sizeBytes: index.sizeBytes + sizeBytes }),
  });
  return { indexes: [index, repaired], damaged: pathsOf(listing) };
};

/** By threads where they reach both files; entry by entry elsewhere, and where that found something wrong. */
const copyAll = async (dependencies: PackDependencies, work: CopyWork): Promise<CopiedEntries> => {
  const { local } = dependencies.destination;
  const source = work.previous.file;
  const copied = local && source && (await copyLocally(dependencies, work, { local, source }));
  return copied ?? copyEntries(dependencies.destination, work);
};

/** As they were listed today. */
const listingOf = ({ records, targets }: CopyShard, indexes: readonly number[]): ListingColumns => {
  const rows = decodeDirectory([records]);
  const listing = new ListingColumns();
  for (const index of indexes) {
    const { name, kind, sizeBytes, mode = 0, uid = 0, gid = 0, mtimeNs, ctimeNs, inode } = rows.at(index);
    if (kind === "other") throw new Error(`${name} is of no kind that is copied.`);
    const owner = rows.owners.users.get(uid);
    const group = rows.owners.groups.get(gid);
    const target = targets.get(index);
    listing.append({
      // The cast is safe: a part of a byte path.
      path: name.slice(filesPrefix.length, kind === "directory" ? -1 : undefined) as BytePath,
      kind,
      sizeBytes: kind === "file" ? sizeBytes : 0,
      mode,
      uid,
      gid,
      mtimeNs,
      ...(owner === undefined ? {} : { owner }),
      ...(group === undefined ? {} : { group }),
      ...(ctimeNs === undefined ? {} : { ctimeNs }),
      ...(inode === undefined ? {} : { inode }),
      ...(target === undefined ? {} : { target }),
    });
  }
  listing.sort();
  return listing;
};

const pathsOf = (listing: ListingColumns): readonly BytePath[] =>
  Array.from({ length: listing.length }, (_, place) => listing.at(place).path);
