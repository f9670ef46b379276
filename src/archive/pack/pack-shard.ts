import type { ListedEntry } from "../../domain/listing.ts";
import type { Destination, Upload } from "../../ports/destination.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import { LargeFile } from "./large-file.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { OrderedWindow } from "../ordered-window.ts";
import { packBatch } from "./pack-batch.ts";
import type { PackContext } from "./pack-context.ts";
import type { PackRunner } from "../threads/pack-runner.ts";
import { sliceCount, type Shard } from "../listing/plan.ts";
import type { ShardIndex } from "../shards/shard-index.ts";
import { ShardWriter } from "../shards/shard-writer.ts";
import { SpareMemory } from "./spare-memory.ts";
import { unsettledNs } from "../listing/unsettled.ts";

export interface PackDependencies {
  readonly site: SiteFiles;
  readonly destination: Destination;
  readonly runner: PackRunner;
}

/** One shard of a plan. */
interface ShardWork extends Pick<Shard, "number" | "firstSlice" | "endSlice"> {
  readonly upload: Upload;
  /** The shard's entries and no others: places `from` to `to` of the plan's listing. */
  readonly listing: ListingColumns;
  /** From `blockBytesFor`, the same for all shards of a backup. */
  readonly blockBytes: number;
  readonly signal?: AbortSignal;
  /** Told now and then how much has been packed so far. */
  readonly onProgress?: (progress: { readonly entries: number; readonly sizeBytes: number }) => void;
}

const jobsAhead = 2;
const batchBytes = 4 * 2 ** 20;
const batchEntries = 512;
const heldBlocks = 4;

/**
 * Large files are held back up to this much until their header is known. Each larger one costs up to three blocks more
 * than its bytes need, so this bounds the number of blocks.
 */
export const heldBytesFor = (blockBytes: number): number => heldBlocks * blockBytes;

/**
 * Reads, packs and stages the entries of a shard. The same entries give the same bytes however many threads there are
 * and wherever shards are cut. What cannot be read is left out, with its reason; only faults of the destination and
 * of the machine are thrown.
 */
export const packShard = async (dependencies: PackDependencies, work: ShardWork): Promise<ShardIndex> => {
  const { site, destination, runner } = dependencies;
  const { upload, number: shard, listing, blockBytes, signal } = work;
  const writer = new ShardWriter({ destination, upload, shard, blockBytes, signal }, listing.owners);
  const context: PackContext = {
    site,
    runner,
    writer,
    roots: site.localRoots,
    suspectAfterNs: (await site.now()) - unsettledNs,
    heldBytes: heldBytesFor(blockBytes),
    spare: new SpareMemory(runner.threads * jobsAhead),
    signal,
  };
  try {
    await packAll(context, work);
    return await writer.finish();
  } catch (error) {
    await writer.blocks.settle();
    throw error;
  } finally {
    context.spare.free();
  }
};

const packAll = async (context: PackContext, work: ShardWork): Promise<void> => {
  const { runner, writer, signal } = context;
  const window = new OrderedWindow(runner.threads * jobsAhead);
  const report = (): void => work.onProgress?.({ entries: writer.entries, sizeBytes: writer.sizeBytes });
  for (const step of steps(work.listing)) {
    signal?.throwIfAborted();
    if ("large" in step) await new LargeFile(context, step.large, slicesOf(work, step.place)).pack(window);
    else await packBatch(context, window, { listing: work.listing, ...step });
    report();
  }
  await window.finish();
  report();
};

type Step = { readonly from: number; readonly to: number } | { readonly large: ListedEntry; readonly place: number };

/** Runs of entries that are packed whole, a few MiB each, and large files by themselves. */
const steps = function* (listing: ListingColumns): Generator<Step> {
  let from = 0;
  let bytes = 0;
  for (let place = 0; place < listing.length; place++) {
    const sizeBytes = listing.sizeBytes(place);
    const isLarge = sliceCount(sizeBytes) > 0;
    if (place > from && (isLarge || bytes + sizeBytes > batchBytes || place - from === batchEntries)) {
      yield { from, to: place };
      from = place;
      bytes = 0;
    }
    bytes += sizeBytes;
    if (!isLarge) continue;
    yield { large: listing.at(place), place };
    from = place + 1;
    bytes = 0;
  }
  if (from < listing.length) yield { from, to: listing.length };
};

const slicesOf = (
  { listing, firstSlice, endSlice }: ShardWork,
  place: number,
): { readonly firstSlice: number; readonly endSlice: number | undefined } => ({
  firstSlice: place === 0 ? firstSlice : 0,
  endSlice: place === listing.length - 1 ? endSlice : undefined,
});
