import type { Mark } from "../shards/block-writer.ts";
import { deflateEnd } from "../content/deflate-content.ts";
import { entryRow, type EntryMeta } from "../listing/entry-row.ts";
import { added, largeFacts, noSlices, streamEnd, type SliceSums } from "../shards/large-facts.ts";
import { localHeaderLength } from "../records/local-header.ts";
import type { PackedSlice } from "../threads/pack-jobs.ts";
import type { ShardWriter } from "../shards/shard-writer.ts";
import type { SpareMemory } from "./spare-memory.ts";

/**
 * Writes an entry that comes in slices. Its local header stands before them and holds what only the last one tells:
 * so the slices are held back up to `heldBytes`; when there are more, room is left for the header, sealing fills it,
 * and there is no way back but leaving the entry out.
 */
export class LargeEntryWriter {
  readonly #shard: ShardWriter;
  readonly #heldBytes: number;
  readonly #begins: boolean;
  readonly #spare: SpareMemory;
  #held: PackedSlice[] | undefined = [];
  #start: Mark | undefined;
  #sums: SliceSums = noSlices;

  /** `begins` is false for a file whose first slices are in another shard: it has no header here, and is not held. */
  constructor(
    shard: ShardWriter,
    options: { readonly heldBytes: number; readonly begins: boolean; readonly spare: SpareMemory },
  ) {
    this.#shard = shard;
    this.#spare = options.spare;
    this.#heldBytes = options.heldBytes;
    this.#begins = options.begins;
  }

  get sums(): SliceSums {
    return this.#sums;
  }

  /** False while it can still begin anew with `restart`. */
  get isCommitted(): boolean {
    return this.#start !== undefined;
  }

  /** `meta` and the size that the file will have as far as known decide how much room its header needs. */
  async add(slice: PackedSlice, expected: { readonly meta: EntryMeta; readonly sizeBytes: number }): Promise<void> {
    this.#sums = added(this.#sums, { ...slice, hashes: slice.hash });
    if (this.#held === undefined) return this.#write(slice);
    this.#held.push(this.#compact(slice));
    if (this.#sums.storedBytes > this.#heldBytes || !this.#begins) await this.commit(expected);
  }

  /** Writes what was held back, behind room for the header. */
  async commit({ meta, sizeBytes }: { readonly meta: EntryMeta; readonly sizeBytes: number }): Promise<void> {
    if (this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    this.#start = await this.#shard.blocks.mark();
    const length = localHeaderLength({ name: meta.name, sizeBytes, storedBytes: sizeBytes });
    if (this.#begins) await this.#shard.blocks.leaveHeader(length);
    for (const slice of held) await this.#write(slice);
  }

  /** What is held takes the room that it needs, not that of a slice that does not compress. */
  #compact(slice: PackedSlice): PackedSlice {
    if (2 * slice.storedBytes > slice.output.length) return slice;
    const output = Uint8Array.from(slice.output.subarray(0, slice.storedBytes));
    this.#spare.give(slice.output);
    return { ...slice, output };
  }

  async #write({ output, storedBytes }: PackedSlice): Promise<void> {
    await this.#shard.blocks.write(output.subarray(0, storedBytes));
    this.#spare.give(output);
  }

  restart(): void {
    if (this.#start) throw new Error("An entry that has been staged in part begins anew.");
    this.#held = [];
    this.#sums = noSlices;
  }

  /** Ends the entry, and gives it its row. */
  async finish(meta: EntryMeta, hasChanged: boolean): Promise<void> {
    this.#sums = added(this.#sums, streamEnd);
    const row = entryRow(meta, largeFacts(this.#sums, hasChanged), 0);
    this.#shard.addContent(row.sizeBytes);
    if (this.#start) {
      this.#shard.addRow(row, this.#start.length);
      await this.#shard.blocks.write(deflateEnd);
      return this.#shard.blocks.cut();
    }
    await this.#shard.addEntry(row);
    for (const slice of this.#held ?? []) await this.#write(slice);
    return this.#shard.blocks.write(deflateEnd);
  }

  /** Ends the part of a file that goes on before or behind this shard. */
  async finishPart(
    meta: EntryMeta,
    part: { readonly firstSlice: number; readonly isEnd: boolean; readonly hasChanged: boolean },
  ): Promise<void> {
    await this.commit({ meta, sizeBytes: 0 });
    if (part.isEnd) {
      this.#sums = added(this.#sums, streamEnd);
      await this.#shard.blocks.write(deflateEnd);
    }
    const { pieces: to } = await this.#shard.blocks.mark();
    this.#shard.addContent(this.#sums.sizeBytes);
    const record = this.#shard.encodedRow(entryRow(meta, largeFacts(noSlices, false), 0));
    this.#shard.addPart({ ...part, record, sums: this.#sums, pieces: { from: this.#start?.pieces ?? to, to } });
  }

  /** Takes back all of it. */
  async discard(): Promise<void> {
    if (this.#start) await this.#shard.blocks.rollBack(this.#start);
    this.#held = undefined;
    this.#sums = noSlices;
  }

  /** Of a file that goes on elsewhere: what was read there must not be used either. */
  async failPart(meta: EntryMeta, firstSlice: number, failure: string): Promise<void> {
    await this.discard();
    const { pieces } = await this.#shard.blocks.mark();
    this.#shard.addPart({
      record: this.#shard.encodedRow(entryRow(meta, largeFacts(noSlices, false), 0)),
      firstSlice,
      sums: noSlices,
      isEnd: true,
      hasChanged: false,
      failure,
      pieces: { from: pieces, to: pieces },
    });
  }
}
