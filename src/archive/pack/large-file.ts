import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { entryMeta } from "../listing/entry-row.ts";
import { LargeEntryWriter } from "./large-entry-writer.ts";
import type { OrderedWindow } from "../ordered-window.ts";
import type { PackContext } from "./pack-context.ts";
import type { PackedSlice } from "../threads/pack-jobs.ts";
import { packThroughSite } from "./pack-through-site.ts";
import { sliceCount } from "../listing/plan.ts";
import { isSameFile, statFile } from "../listing/read-carefully.ts";
import { isProvable } from "../threads/read-listed.ts";
import { repackLarge } from "./repack-large.ts";

/** A slice; or nothing, because the file is not as listed any more; or why it cannot be read. */
type SliceOutcome = PackedSlice | undefined | LeftOut;

/**
 * A large file, or the slices of it that belong to a shard. Its slices are packed side by side with everything else
 * and written in order.
 *
 * A file that is not as listed any more begins anew while nothing of it is staged. Later, and when other shards pack
 * the rest of it, it is taken as it is read and reported as changed; a slice that comes out short ends it.
 */
export class LargeFile {
  readonly #context: PackContext;
  readonly #listed: ListedEntry;
  readonly #firstSlice: number;
  readonly #endSlice: number;
  readonly #writer: LargeEntryWriter;
  #hasChanged = false;
  /** Not as listed while it could still begin anew: nothing is taken before it does. */
  #isStale = false;
  /** A slice came out short: the file has become shorter. */
  #hasEnded = false;
  #failure: LeftOut | undefined;

  constructor(
    context: PackContext,
    listed: ListedEntry,
    range: { readonly firstSlice: number; readonly endSlice: number | undefined },
  ) {
    this.#context = context;
    this.#listed = listed;
    this.#firstSlice = range.firstSlice;
    this.#endSlice = range.endSlice ?? sliceCount(listed.sizeBytes);
    this.#writer = new LargeEntryWriter(context.writer, {
      heldBytes: context.heldBytes,
      begins: range.firstSlice === 0,
      spare: context.spare,
    });
  }

  async pack(window: OrderedWindow): Promise<void> {
    for (let slice = this.#firstSlice; slice < this.#endSlice; slice++)
      await window.add(
        () => this.#start(slice),
        (outcome) => this.#take(slice, outcome),
      );
    await window.add(
      async () => undefined,
      () => this.#finish(),
    );
  }

  get #isCut(): boolean {
    return this.#firstSlice > 0 || this.#endSlice < sliceCount(this.#listed.sizeBytes);
  }

  get #isDone(): boolean {
    return this.#isStale || this.#hasEnded || this.#failure !== undefined;
  }

  #range(slice: number): { readonly offset: number; readonly length: number } {
    const offset = slice * sliceBytes;
    return { offset, length: Math.min(sliceBytes, this.#listed.sizeBytes - offset) };
  }

  async #start(slice: number): Promise<SliceOutcome> {
    const { roots, runner, signal, spare } = this.#context;
    const range = this.#range(slice);
    if (this.#isDone) return undefined;
    if (roots === undefined || !isProvable(this.#listed)) return packThroughSite(this.#context, this.#listed, range);
    const from = { roots, listed: this.#listed, ...range };
    return (await runner.run("packSlice", { level: runner.level, from, ...spare.take() }, signal)).slice;
  }

  async #take(slice: number, outcome: SliceOutcome): Promise<void> {
    if (this.#isDone) return;
    let packed = outcome;
    if (packed === undefined) {
      if (this.#canBeginAnew()) return this.#turnStale();
      this.#hasChanged = true;
      packed = await packThroughSite(this.#context, this.#listed, this.#range(slice));
    }
    if ("reason" in packed) {
      this.#failure = packed;
      return;
    }
    if (packed.sizeBytes < this.#range(slice).length) {
      if (this.#canBeginAnew()) return this.#turnStale();
      this.#hasChanged = true;
      this.#hasEnded = true;
    }
    await this.#writer.add(packed, { meta: this.#meta(), sizeBytes: this.#listed.sizeBytes });
  }

  #canBeginAnew(): boolean {
    return !this.#isCut && !this.#writer.isCommitted;
  }

  #turnStale(): void {
    this.#isStale = true;
    this.#writer.restart();
  }

  #meta(): ReturnType<typeof entryMeta> {
    return entryMeta(this.#listed, this.#context.suspectAfterNs);
  }

  async #finish(): Promise<void> {
    if (this.#failure === undefined && !this.#isStale) await this.#lookAgain();
    if (this.#failure !== undefined) return this.#leaveOut(this.#failure);
    if (this.#isStale) return repackLarge(this.#context, this.#listed, this.#writer);
    if (this.#isCut) {
      const isEnd = this.#hasEnded || this.#endSlice === sliceCount(this.#listed.sizeBytes);
      const part = { firstSlice: this.#firstSlice, isEnd, hasChanged: this.#hasChanged };
      return this.#writer.finishPart(this.#meta(), part);
    }
    if (this.#hasChanged) this.#context.writer.noteChanged(this.#listed.path);
    await this.#writer.finish(this.#meta(), this.#hasChanged);
  }

  /** Threads have compared the metadata with every slice; what came through the site is compared once, at the end. */
  async #lookAgain(): Promise<void> {
    if (this.#hasChanged || (this.#context.roots !== undefined && isProvable(this.#listed))) return;
    const now = await statFile(this.#context.site, this.#listed);
    if (!("reason" in now) && isSameFile(this.#listed, now)) return;
    if (this.#canBeginAnew()) this.#turnStale();
    else this.#hasChanged = true;
  }

  async #leaveOut(failure: LeftOut): Promise<void> {
    if (this.#isCut) return this.#writer.failPart(this.#meta(), this.#firstSlice, failure.reason);
    await this.#writer.discard();
    this.#context.writer.leaveOut(failure, failure.reason);
  }
}
