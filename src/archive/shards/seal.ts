import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import type { BlockId, Destination, Upload } from "../../ports/destination.ts";
import { directoryShard } from "./block-id.ts";
import { BlockWriter, isBlock } from "./block-writer.ts";
import { placesBelow } from "../directory/browse.ts";
import { archiveComment, CommitIdBuilder, type CommitId } from "../directory/commit-id.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { encodeEnd } from "../records/end-records.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { SealLayoutBuilder } from "./seal-layout.ts";
import type { ShardIndex } from "./shard-index.ts";

export interface SealWork {
  /** All of them, in the order of the data: the shards of the plan by number, and whatever else is put before or behind. */
  readonly shards: Iterable<ShardIndex> | AsyncIterable<ShardIndex>;
  readonly destination: Destination;
  readonly upload: Upload;
  /** Entries planned, dumps and copied ones included: each is packed or left out, or there is no archive. */
  readonly planned: number;
  readonly blockBytes: number;
  readonly signal?: AbortSignal;
}

export interface SealedArchive {
  /** Of the whole archive, in order: what to commit. */
  readonly blocks: readonly BlockId[];
  readonly commitId: CommitId;
  readonly sizeBytes: number;
  readonly entries: number;
  /** Of the site's own files; dumps and the configuration are not counted. */
  readonly contents: ArchiveContents;
  /** What stands in the root beside the site's files: dumps and the configuration. */
  readonly rootEntries: readonly RootEntry[];
  /** Left out while the site was packed. */
  readonly leftOut: readonly LeftOut[];
  /** Changed while they were read, also at the second attempt. */
  readonly changed: readonly BytePath[];
}

export interface RootEntry {
  readonly name: BytePath;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly contentHash: string;
}

export interface ArchiveContents {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Before packing. */
  readonly contentBytes: number;
  /** As they lie in the archive, headers not counted. */
  readonly storedBytes: number;
}

/**
 * Makes one archive of shards: offsets, local headers that had to wait, central directory, end records. Stages what is
 * missing and names all blocks; committing them is the caller's. The same shards give the same bytes.
 */
export const sealArchive = async (work: SealWork): Promise<SealedArchive> => {
  const builder = new SealLayoutBuilder();
  for await (const shard of work.shards) builder.add(shard);
  const layout = builder.finish();
  const { directory, leftOut, changed } = layout;
  checkCounts(work.planned, { packed: directory.length, leftOut: leftOut.length });
  directory.sort();
  checkNames(directory);
  const contents = contentsOf(directory);
  const end = await stageDirectory(work, directory, layout.length);
  // Last, so that where blocks are appended to one file they lie behind everything else, each as long as a gap before.
  for (const { block, bytes } of layout.headers) await work.destination.stage(work.upload, block, bytes, work.signal);
  const blocks = [...layout.blocks, ...end.blocks];
  if (blocks.length > work.destination.limits.maxBlocks)
    throw new Error(
      `The archive has ${blocks.length} blocks; the destination takes ${work.destination.limits.maxBlocks}.`,
    );
  const { commitId, length } = end;
  const sizeBytes = layout.length + length;
  const rootEntries = rootEntriesOf(directory);
  return { blocks, commitId, sizeBytes, entries: directory.length, contents, rootEntries, leftOut, changed };
};

const checkCounts = (
  planned: number,
  { packed, leftOut }: { readonly packed: number; readonly leftOut: number },
): void => {
  if (packed + leftOut !== planned)
    throw new Error(`${planned} entries were planned, ${packed} packed and ${leftOut} left out: some are lost.`);
};

/** Needs the directory sorted. */
const contentsOf = (directory: DirectoryColumns): ArchiveContents => {
  const counts = { file: 0, directory: 0, link: 0, other: 0 };
  let contentBytes = 0;
  let storedBytes = 0;
  const { from, to } = placesBelow(directory, filesFolder);
  for (let place = from; place < to; place++) {
    counts[directory.kind(place)]++;
    contentBytes += directory.sizeBytes(place);
    storedBytes += directory.storedBytes(place);
  }
  return { files: counts.file, folders: counts.directory, links: counts.link, contentBytes, storedBytes };
};

/** Needs the directory sorted. */
const rootEntriesOf = (directory: DirectoryColumns): readonly RootEntry[] => {
  const { from, to } = placesBelow(directory, filesFolder);
  const found: RootEntry[] = [];
  for (let place = 0; place < directory.length; place = place + 1 === from ? to : place + 1) {
    const { name, sizeBytes, hash } = directory.at(place);
    if (!name.includes("/")) found.push({ name, sizeBytes, contentHash: Buffer.from(hash ?? []).toString("hex") });
  }
  return found;
};

// The cast is safe: a part of a byte path.
const filesFolder = filesPrefix.slice(0, -1) as BytePath;

const checkNames = (directory: DirectoryColumns): void => {
  for (let place = 1; place < directory.length; place++)
    if (directory.compareNames(place - 1, place) >= 0)
      throw new Error(`${directory.name(place)} is in the archive twice.`);
};

const stageDirectory = async (
  { destination, upload, blockBytes, signal }: SealWork,
  directory: DirectoryColumns,
  offset: number,
): Promise<{ readonly blocks: readonly BlockId[]; readonly commitId: CommitId; readonly length: number }> => {
  const writer = new BlockWriter({ destination, upload, shard: directoryShard, blockBytes, signal });
  const builder = new CommitIdBuilder();
  for (const slice of directory.encode()) {
    builder.update(slice);
    await writer.write(slice);
  }
  const commitId = builder.finish();
  const extent = { entries: directory.length, offset, sizeBytes: writer.length };
  await writer.write(encodeEnd(extent, archiveComment(commitId)));
  const pieces = await writer.finish();
  return { blocks: pieces.filter(isBlock).map(({ block }) => block), commitId, length: writer.length };
};
