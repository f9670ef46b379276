import type { BlockId, CopySource, Destination, Upload } from "../../ports/destination.ts";
import { blockId } from "./block-id.ts";

/** A staged block and its length. */
interface BlockPiece {
  readonly block: BlockId;
  readonly length: number;
}

/** The place of a local header that can be written only when the file is packed to its end: sealing stages it. */
interface HeaderPiece {
  /** Position of the block that will hold it. */
  readonly header: number;
}

export type Piece = BlockPiece | HeaderPiece;

export const isBlock = (piece: Piece): piece is BlockPiece => "block" in piece;

/** Counts of pieces and bytes. */
export interface Mark {
  readonly pieces: number;
  readonly length: number;
}

export interface BlockTarget {
  readonly destination: Destination;
  readonly upload: Upload;
  readonly shard: number;
  readonly blockBytes: number;
  /** Blocks on their way while the next is filled; 2 when it is not given. */
  readonly ahead?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where the bytes of a block come from: stands for their content, as long as nothing else is among them. */
class Origins {
  readonly #ranges: CopySource[] = [];

  add(range: CopySource): void {
    const last = this.#ranges.at(-1);
    if (last && last.offset + last.length === range.offset && last.name === range.name && last.etag === range.etag)
      this.#ranges.splice(-1, 1, { ...last, length: last.length + range.length });
    else this.#ranges.push(range);
  }

  bytes(): Buffer {
    return Buffer.from(
      this.#ranges.map(({ name, etag, offset, length }) => `${name} ${etag} ${offset} ${length}`).join("\n"),
    );
  }
}

/** A block on its way. */
interface Staging {
  /** What its id is made of. */
  readonly named: Uint8Array;
  readonly length: number;
  readonly stage: (block: BlockId) => Promise<void>;
  readonly whenDone: () => void;
}

const stagedAhead = 2;

/** Cuts a stream of bytes into blocks and stages them in order. */
export class BlockWriter {
  readonly #target: BlockTarget;
  readonly #pieces: Piece[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #spare: Buffer[] = [];
  #failure: { readonly error: unknown } | undefined;
  #block: Buffer | undefined;
  /** Of everything in the block; undefined when something in it was made here. */
  #origins: Origins | undefined;
  #filled = 0;
  #position = 0;
  #length = 0;

  constructor(target: BlockTarget) {
    this.#target = { ...target, blockBytes: Math.min(target.blockBytes, target.destination.limits.maxBlockBytes) };
  }

  /** Bytes written, without the headers that are still missing. */
  get length(): number {
    return this.#length;
  }

  /** `from` is where unchanged bytes of another object come from. A block of nothing else needs no hash of its own. */
  async write(bytes: Uint8Array, from?: Omit<CopySource, "length">): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.#block ??= this.#newBlock();
      const part = bytes.subarray(at, at + this.#block.length - this.#filled);
      if (from) this.#origins?.add({ ...from, offset: from.offset + at, length: part.length });
      else this.#origins = undefined;
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#block.length) await this.cut();
    }
    this.#length += bytes.length;
  }

  #newBlock(): Buffer {
    this.#origins = new Origins();
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#target.blockBytes);
  }

  /** Stages a byte range of another object of the same container, as a block of its own. */
  async copy(from: CopySource): Promise<void> {
    const { destination, upload, signal } = this.#target;
    await this.copyBy([from], (block) => destination.stageCopy(upload, block, from, signal));
  }

  /** Has byte ranges of other objects staged as a block of its own, in whatever way. */
  async copyBy(from: readonly CopySource[], stage: (block: BlockId, length: number) => Promise<void>): Promise<void> {
    await this.cut();
    const origins = new Origins();
    let length = 0;
    for (const range of from) {
      origins.add(range);
      length += range.length;
    }
    const whenDone = (): void => undefined;
    const work = { named: origins.bytes(), length, stage: (block: BlockId) => stage(block, length), whenDone };
    this.#pieces.push(await this.#start(work));
    this.#length += length;
  }

  /** Ends the current block, if it has begun. */
  async cut(): Promise<void> {
    const block = this.#block;
    if (block === undefined || this.#filled === 0) return;
    const bytes = block.subarray(0, this.#filled);
    const named = this.#origins?.bytes() ?? bytes;
    this.#block = undefined;
    this.#filled = 0;
    this.#pieces.push(await this.#stage(bytes, { named, whenDone: () => this.#spare.push(block) }));
  }

  /**
   * Leaves room for a local header of this length. Where blocks are appended to one file, a block of zeros keeps the
   * place; it is never committed, but a header of its length fits where it lies.
   */
  async leaveHeader(length: number): Promise<void> {
    await this.cut();
    this.#pieces.push({ header: this.#position });
    if (this.#target.destination.limits.appends) await this.#stage(Buffer.alloc(length));
    else this.#position++;
  }

  /** A point to which `rollBack` can return: the border between two blocks. */
  async mark(): Promise<Mark> {
    await this.cut();
    return { pieces: this.#pieces.length, length: this.#length };
  }

  /** Takes back everything since then; what was staged of it is never named. */
  async rollBack(mark: Mark): Promise<void> {
    await this.cut();
    this.#pieces.length = mark.pieces;
    this.#length = mark.length;
  }

  /** Stages the rest and waits for all of it. */
  async finish(): Promise<readonly Piece[]> {
    await this.cut();
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.error;
    return this.#pieces;
  }

  /** Returns when nothing is on its way any more, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #stage(
    bytes: Buffer,
    { named, whenDone }: Pick<Staging, "named" | "whenDone"> = { named: bytes, whenDone: () => undefined },
  ): Promise<BlockPiece> {
    const { destination, upload, signal } = this.#target;
    const stage = (block: BlockId): Promise<void> => destination.stage(upload, block, bytes, signal);
    return this.#start({ named, length: bytes.length, stage, whenDone });
  }

  async #start(work: Staging): Promise<BlockPiece> {
    const { shard, ahead, signal } = this.#target;
    while (this.#running.size >= (ahead ?? stagedAhead)) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
    signal?.throwIfAborted();
    const block = blockId(shard, this.#position++, work.named);
    const running: Promise<void> = work
      .stage(block)
      .then(work.whenDone, (error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { block, length: work.length };
  }
}
