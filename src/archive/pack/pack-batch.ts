import type { ListedEntry } from "../../domain/listing.ts";
import { forEachBounded } from "../bounded.ts";
import { LargeEntryWriter } from "./large-entry-writer.ts";
import { ListingColumns } from "../listing/listing-columns.ts";
import { encodeListing } from "../listing/listing-encoding.ts";
import type { OrderedWindow } from "../ordered-window.ts";
import type { PackContext } from "./pack-context.ts";
import { noPackedFiles, type PackFilesJob, type PackFilesResult } from "../threads/pack-jobs.ts";
import { readCarefully, type CarefulRead } from "../listing/read-carefully.ts";
import { repackLarge } from "./repack-large.ts";

interface Places {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Files of one batch that are read through the site at a time. */
const readsAtOnce = 8;
const nothing = new Uint8Array();

/** Packs the entries of these places, each whole: threads read them where they can, else they are read through the site. */
export const packBatch = async (
  context: PackContext,
  window: OrderedWindow,
  { listing, from, to }: Places & { readonly listing: ListingColumns },
): Promise<void> => {
  const { roots } = context;
  if (roots !== undefined && areProvable(listing, from, to))
    await window.add(
      () => runJob(context, listing, { from, to, source: { roots } }),
      (packed) => addThreadsWork(context, { listing, from, to }, packed),
    );
  else
    await window.add(
      () => readAll(context, listing.entries(from, to)),
      ({ reads, packed }) => addReads(context, reads, packed),
    );
};

const areProvable = (listing: ListingColumns, from: number, to: number): boolean => {
  for (let place = from; place < to; place++) if (!listing.isProvable(place)) return false;
  return true;
};

const runJob = (
  context: PackContext,
  listing: ListingColumns,
  job: Places & { readonly source: PackFilesJob["from"]; readonly changed?: readonly number[] },
): Promise<PackFilesResult> => {
  // A batch is smaller than one slice of a listing.
  const [entries] = encodeListing(listing, job.from, job.to);
  if (entries === undefined) return Promise.resolve(noPackedFiles);
  const { runner, suspectAfterNs, spare, signal } = context;
  const changed = job.changed ?? [];
  const work = { entries, from: job.source, level: runner.level, suspectAfterNs, changed, ...spare.take() };
  return runner.run("packFiles", work, signal);
};

/** A thread refuses what is not as listed; that is read again through the site, in its place. */
const addThreadsWork = async (
  context: PackContext,
  { listing, from, to }: Places & { readonly listing: ListingColumns },
  packed: PackFilesResult,
): Promise<void> => {
  let added = 0;
  for (let place = 0; place < to - from; place++) {
    if (packed.recordEnds[place] !== (place === 0 ? 0 : packed.recordEnds[place - 1])) continue;
    await context.writer.addPacked(packed, added, place);
    const again = await readAll(context, [listing.at(from + place)]);
    await addReads(context, again.reads, again.packed);
    added = place + 1;
  }
  await context.writer.addPacked(packed, added, to - from);
  context.spare.give(packed.output);
};

const readAll = async (
  context: PackContext,
  entries: readonly ListedEntry[],
): Promise<{ readonly reads: readonly CarefulRead[]; readonly packed: PackFilesResult }> => {
  const reads: CarefulRead[] = [];
  await forEachBounded(entries.entries(), readsAtOnce, async ([place, entry]) => {
    const isFile = entry.kind === "file";
    reads[place] = isFile
      ? await readCarefully(context.site, entry, context)
      : { entry, content: nothing, hasChanged: false };
  });
  const listing = new ListingColumns();
  const contents: Uint8Array[] = [];
  const changed: number[] = [];
  for (const read of reads) {
    if (!("content" in read)) continue;
    if (read.hasChanged) changed.push(listing.length);
    listing.append(read.entry);
    contents.push(read.content);
  }
  const source = { content: Buffer.concat(contents) };
  return { reads, packed: await runJob(context, listing, { from: 0, to: listing.length, source, changed }) };
};

const addReads = async (
  context: PackContext,
  reads: readonly CarefulRead[],
  packed: PackFilesResult,
): Promise<void> => {
  let from = 0;
  let place = 0;
  for (const read of reads) {
    if ("content" in read) {
      if (read.hasChanged) context.writer.noteChanged(read.entry.path);
      place++;
      continue;
    }
    await context.writer.addPacked(packed, from, place);
    from = place;
    if ("reason" in read) context.writer.leaveOut(read, read.reason);
    else await packGrown(context, read.grown);
  }
  await context.writer.addPacked(packed, from, place);
  context.spare.give(packed.output);
};

const packGrown = (context: PackContext, grown: ListedEntry): Promise<void> => {
  const writer = new LargeEntryWriter(context.writer, { ...context, begins: true });
  return repackLarge(context, grown, writer);
};
