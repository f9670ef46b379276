import type { Destination, Upload } from "../../ports/destination.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { BlockWriter } from "../shards/block-writer.ts";
import { damagedAmong, wholeInSegment } from "../read/copy-check.ts";
import { CopyRows } from "./copy-rows.ts";
import { readsAhead } from "../read/copy-segments.ts";
import { mostCopiedBytes, type CopyShard } from "./copy-shards.ts";
import { copySteps, type CopyRun } from "./copy-steps.ts";
import { encodeLocalHeader } from "../records/local-header.ts";
import { OrderedWindow } from "../ordered-window.ts";
import { heldBytesFor } from "../pack/pack-shard.ts";
import type { ReadSegment } from "../read/read-segments.ts";
import type { PreviousArchive } from "./reuse-source.ts";
import type { ShardIndex } from "../shards/shard-index.ts";
import { openStored } from "../read/stored-entry.ts";

export interface CopyWork {
  readonly previous: PreviousArchive;
  /** The previous archive is an object of the destination itself: then it copies by itself what it can. */
  readonly isInDestination: boolean;
  readonly shard: CopyShard;
  readonly upload: Upload;
  /** From `blockBytesFor`, the same for all shards of a backup. */
  readonly blockBytes: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly entries: number; readonly sizeBytes: number }) => void;
}

export interface CopiedEntries {
  /** For sealing, like any shard's. */
  readonly index: ShardIndex;
  /** What could not be copied, by its index in the shard. */
  readonly damaged: readonly number[];
}

/**
 * Copies entries' headers and stored bytes out of the previous archive: long runs within the container, unseen but for
 * some that are read again, where the destination can do that by itself; all else is read, compared with its checksum,
 * and staged. The rows are today's.
 */
export const copyEntries = async (destination: Destination, work: CopyWork): Promise<CopiedEntries> => {
  const copying = new Copying(destination, work);
  try {
    return await copying.run();
  } catch (error) {
    await copying.settle();
    throw error;
  }
};

/** Stretches of this many bytes are read again, or not, as a whole. */
const rereadBytes = 4 * 2 ** 20;
const nothing = async (): Promise<void> => undefined;

/** One run of it. */
class Copying {
  readonly #work: CopyWork;
  readonly #destination: Destination;
  readonly #writer: BlockWriter;
  readonly #rows: CopyRows;
  readonly #copyFrom: number;
  readonly #damaged: number[] = [];
  #entries = 0;
  #sizeBytes = 0;

  constructor(destination: Destination, work: CopyWork) {
    const { shard, upload, blockBytes, signal } = work;
    this.#work = work;
    this.#destination = destination;
    this.#writer = new BlockWriter({ destination, upload, shard: shard.number, blockBytes, signal });
    this.#rows = new CopyRows(shard, work.previous.archive.directory);
    this.#copyFrom = copyFrom(destination, work);
  }

  async run(): Promise<CopiedEntries> {
    const { previous, shard, signal, onProgress } = this.#work;
    const window = new OrderedWindow(readsAhead);
    for (const step of copySteps(previous.archive, shard.archivedAt, this.#copyFrom)) {
      signal?.throwIfAborted();
      if ("copy" in step) await window.add(nothing, () => this.#copyUnlessDamaged(step.copy));
      else if (step.read.isLarge) await window.add(nothing, () => this.#readLarge(step.read));
      else
        await window.add(
          () => this.#fetch(step.read),
          (bytes) => this.#readSmall(step.read, bytes),
        );
      onProgress?.({ entries: this.#entries, sizeBytes: this.#sizeBytes });
    }
    await window.finish();
    const pieces = await this.#writer.finish();
    onProgress?.({ entries: this.#entries, sizeBytes: this.#sizeBytes });
    return { index: this.#index(pieces), damaged: this.#damaged };
  }

  settle(): Promise<void> {
    return this.#writer.settle();
  }

  #index(pieces: ShardIndex["pieces"]): ShardIndex {
    const { number } = this.#work.shard;
    const sums = { entries: this.#entries, sizeBytes: this.#sizeBytes };
    return { shard: number, pieces, runs: this.#rows.finish(), parts: [], ...sums, leftOut: [], changed: [] };
  }

  /** Looks at some of it first; what is damaged is not copied. */
  async #copyUnlessDamaged(run: CopyRun): Promise<void> {
    const { previous, signal } = this.#work;
    const damaged = await damagedAmong(
      previous.archive,
      run.places.filter((place) => this.#isReread(place)),
      signal,
    );
    if (damaged.size === 0) return this.#copy(run);
    for (const place of damaged) this.#skip(place);
    const others = run.places.filter((place) => !damaged.has(place));
    for (const step of copySteps(previous.archive, others, this.#copyFrom)) {
      if ("copy" in step) await this.#copy(step.copy);
      else if (step.read.isLarge) await this.#readLarge(step.read);
      else await this.#readSmall(step.read, await this.#fetch(step.read));
    }
  }

  #fetch({ start, end }: ReadSegment): Promise<Uint8Array> {
    return this.#work.previous.archive.source.read(start, end - start, this.#work.signal);
  }

  #isReread(place: number): boolean {
    const { previous, shard } = this.#work;
    const { run, every } = shard.reread;
    return Math.floor(previous.archive.directory.offset(place) / rereadBytes) % every === run % every;
  }

  async #copy({ start, end, places }: CopyRun): Promise<void> {
    const moved = this.#writer.length - start;
    const { directory } = this.#work.previous.archive;
    for (const place of places) this.#addRow(place, directory.offset(place) + moved);
    const count = Math.ceil((end - start) / Math.min(mostCopiedBytes, this.#destination.limits.maxBlockBytes));
    const border = (part: number): number => start + Math.floor(((end - start) * part) / count);
    const { object } = this.#work.previous;
    for (let part = 0; part < count; part++)
      await this.#writer.copy({ ...object, offset: border(part), length: border(part + 1) - border(part) });
  }

  async #readSmall(segment: ReadSegment, bytes: Uint8Array): Promise<void> {
    const { directory } = this.#work.previous.archive;
    for (const place of segment.places) {
      const entry = directory.at(place);
      const whole = wholeInSegment(entry, { start: segment.start, bytes });
      if (whole === undefined) this.#skip(place);
      else {
        this.#addRow(place, this.#writer.length);
        await this.#write(whole, entry.offset);
      }
    }
  }

  async #readLarge({ places }: ReadSegment): Promise<void> {
    for (const place of places) {
      const mark = this.#isHeld(place) ? undefined : await this.#writer.mark();
      try {
        await this.#writeLarge(place, mark === undefined);
      } catch (error) {
        if (!(error instanceof ArchiveInvalid)) throw error;
        if (mark) await this.#writer.rollBack(mark);
        this.#skip(place);
      }
    }
  }

  /** A block ends before what may have to be taken back, so what a few blocks hold is held back instead. */
  #isHeld(place: number): boolean {
    return this.#work.previous.archive.directory.storedBytes(place) <= heldBytesFor(this.#work.blockBytes);
  }

  /** Its checksum is known only at its end; so is that it has a row. */
  async #writeLarge(place: number, isHeld: boolean): Promise<void> {
    const { previous, signal } = this.#work;
    const { entry, pieces } = await openStored(previous.archive, place, { ahead: 2 ** 20, signal });
    const at = this.#writer.length;
    const header = encodeLocalHeader(entry);
    const held: Uint8Array[] = [header];
    let from = entry.offset;
    if (!isHeld) await this.#write(header, from);
    from += header.length;
    for await (const piece of pieces()) {
      if (isHeld) held.push(piece);
      else await this.#write(piece, from);
      from += piece.length;
    }
    if (isHeld) await this.#writeAll(held, entry.offset);
    this.#addRow(place, at);
  }

  /** Writes bytes that lie at `offset` of the previous archive. */
  #write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#writer.write(bytes, { ...this.#work.previous.object, offset });
  }

  async #writeAll(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    let from = offset;
    for (const piece of pieces) {
      await this.#write(piece, from);
      from += piece.length;
    }
  }

  #skip(place: number): void {
    this.#damaged.push(this.#rows.indexOf(place));
  }

  /** Its header lies at `offset` in the shard. */
  #addRow(place: number, offset: number): void {
    this.#rows.add(place, offset);
    this.#entries++;
    this.#sizeBytes += this.#work.previous.archive.directory.sizeBytes(place);
  }
}

/** None where blocks are appended to a file of this machine: that gains nothing by copying unseen, and would lose the check. */
const copyFrom = ({ limits }: Destination, { isInDestination, shard }: CopyWork): number =>
  isInDestination && !limits.appends ? shard.copyFrom : Number.MAX_SAFE_INTEGER;
