import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { entryMeta } from "../listing/entry-row.ts";
import type { LargeEntryWriter } from "./large-entry-writer.ts";
import { OrderedWindow } from "../ordered-window.ts";
import type { PackContext } from "./pack-context.ts";
import { packThroughSite } from "./pack-through-site.ts";
import { isSameFile, statFile } from "../listing/read-carefully.ts";

/**
 * Packs a large file that is not as listed any more, as it is now: once, and once more when it changes meanwhile and
 * nothing of it is staged yet. Also one that was small when it was listed, or has become small.
 */
export const repackLarge = async (
  context: PackContext,
  listed: ListedEntry,
  writer: LargeEntryWriter,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const before = await statFile(context.site, listed);
    if ("reason" in before) return leaveOut(context, before, writer);
    const failure = await packSlices(context, before, writer);
    if (failure !== undefined) return leaveOut(context, failure, writer);
    const after = await statFile(context.site, listed);
    const isWhole = writer.sums.sizeBytes === before.sizeBytes && !("reason" in after) && isSameFile(before, after);
    if (isWhole || attempt === 2 || writer.isCommitted) {
      if (!isWhole) context.writer.noteChanged(listed.path);
      return writer.finish(entryMeta(before, context.suspectAfterNs), !isWhole);
    }
    writer.restart();
  }
};

const leaveOut = async (context: PackContext, failure: LeftOut, writer: LargeEntryWriter): Promise<void> => {
  await writer.discard();
  context.writer.leaveOut(failure, failure.reason);
};

/** All slices up to the size of `before`, or up to the first that comes out short; or why one could not be read. */
const packSlices = async (
  context: PackContext,
  before: ListedEntry,
  writer: LargeEntryWriter,
): Promise<LeftOut | undefined> => {
  const window = new OrderedWindow(context.runner.threads);
  const expected = { meta: entryMeta(before, context.suspectAfterNs), sizeBytes: before.sizeBytes };
  let failure: LeftOut | undefined;
  let hasEnded = false;
  for (let offset = 0; offset === 0 || offset < before.sizeBytes; offset += sliceBytes) {
    const length = Math.min(sliceBytes, before.sizeBytes - offset);
    await window.add(
      () => packThroughSite(context, before, { offset, length }),
      async (outcome) => {
        if (hasEnded || failure !== undefined) return;
        if ("reason" in outcome) failure = outcome;
        else {
          hasEnded = outcome.sizeBytes < length;
          await writer.add(outcome, expected);
        }
      },
    );
    if (hasEnded || failure !== undefined) break;
  }
  await window.finish();
  return failure;
};
