import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { BlockId } from "../../ports/destination.ts";
import { journalLine, journalOf, type Place } from "./block-journal.ts";
import type { Move } from "./block-order.ts";
import type { Disk } from "./disk.ts";
import { readRange, writeFully, writePieces, type Pieces } from "./file-ranges.ts";

/** Writes a block to its place in a file and answers its CRC-32. */
export type Writing = (to: {
  readonly handle: FileHandle;
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}) => Promise<number>;

/** Pieces are written as they come. */
export const writingOf =
  (pieces: Pieces): Writing =>
  ({ handle, ...place }) =>
    writePieces(handle, pieces, place);

const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR;

interface Handles {
  readonly data: FileHandle;
  readonly journal: FileHandle;
}

interface Flushing {
  /** So much more, and it is sent to the disk. */
  readonly flushBytes: number;
}

/**
 * A file of staged blocks, one after another, and its journal; only the process that made it appends. Open from the first
 * block after a sync to the next sync: only a handle that was open meanwhile surely hears of a write that failed later.
 */
export class BlockFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #journalPath: string;
  readonly #appending = new Set<Promise<unknown>>();
  #handles: Promise<Handles> | undefined;
  #syncing: Promise<unknown> = Promise.resolve();
  #isFull = false;
  readonly #flushBytes: number;
  #unflushed = 0;
  #isFlushing = false;
  #failure: { readonly error: unknown } | undefined;
  #end = 0;
  #written = 0;
  #synced = 0;

  private constructor(disk: Disk, path: string, { flushBytes, ...handles }: Handles & Flushing) {
    this.#disk = disk;
    this.path = path;
    this.#flushBytes = flushBytes;
    this.#journalPath = journalOf(path);
    this.#handles = Promise.resolve(handles);
  }

  static async create(disk: Disk, path: string, { flushBytes }: Flushing): Promise<BlockFile> {
    return new BlockFile(disk, path, { flushBytes, ...(await openBoth(disk, path, newFile)) });
  }

  /** Why nothing in it can be counted on any more: the kernel tells of a lost write once. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Returns when the blocks under way are written; from the call on there are no more. */
  async fill(): Promise<void> {
    this.#isFull = true;
    await Promise.allSettled(this.#appending);
    await this.#syncing;
  }

  /** Blocks lie in the order of the calls. */
  async append(block: BlockId, length: number, write: Writing): Promise<Place> {
    const appending = this.#append(block, length, write);
    this.#appending.add(appending);
    try {
      return await appending;
    } finally {
      this.#appending.delete(appending);
    }
  }

  /**
   * Puts blocks that lie here into other places in this file, where nothing lies that is wanted. Where they are now
   * survives a power cut when it returns; until then they are also where they were.
   */
  async move(moves: readonly Move[]): Promise<ReadonlyMap<BlockId, Place>> {
    const moved = new Map<BlockId, Place>();
    if (moves.length === 0) return moved;
    const { data, journal } = await this.#open();
    this.#written++;
    for (const { block, from, to: offset } of moves) {
      const bytes = await readRange(data, { name: this.path, ...from });
      const crc = await writePieces(data, [bytes], { offset, length: from.length });
      if (crc !== from.crc)
        throw new StoreFailure("BlockMissing", `Block ${block} in ${this.path} is damaged. Stage it again.`);
      moved.set(block, { ...from, offset });
    }
    // First the bytes, then the word that they are there.
    await data.datasync();
    const lines = [...moved].map(([block, place]) => journalLine(block, place)).join("");
    await writeFully(journal, Buffer.from(lines), null);
    await journal.datasync();
    return moved;
  }

  /** What has been appended when this is called survives a power cut when it returns. */
  async sync(): Promise<void> {
    await this.#inTurn(async () => this.#sync());
  }

  /** One sync at a time. After one that failed there is no other. */
  async #inTurn(sync: () => Promise<void>): Promise<void> {
    const synced = this.#syncing.then(async () => {
      if (this.#failure) throw this.#failure.error;
      try {
        await sync();
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    });
    this.#syncing = synced.catch(() => undefined);
    await synced;
  }

  /** So that the disk works while the next blocks are made, and little is left for the sync that somebody waits for. */
  #flush(): void {
    if (this.#isFlushing || this.#unflushed < this.#flushBytes) return;
    this.#isFlushing = true;
    this.#unflushed = 0;
    const flushed = this.#inTurn(async () => (await this.#handles)?.data.datasync());
    void flushed
      .catch(() => undefined) // told by the next sync
      .finally(() => (this.#isFlushing = false));
  }

  async #sync(): Promise<void> {
    const written = this.#written;
    if (written === this.#synced) return;
    const { data, journal } = await this.#open();
    await data.datasync();
    await journal.datasync();
    this.#synced = Math.max(this.#synced, written);
    if (this.#synced === this.#written && this.#appending.size === 0) await this.close();
  }

  async close(): Promise<void> {
    const handles = this.#handles;
    this.#handles = undefined;
    if (handles) await closeBoth(await handles);
  }

  async remove(): Promise<void> {
    await this.close();
    await Promise.all([this.path, this.#journalPath].map((path) => this.#disk.rm(path, { force: true })));
  }

  async #append(block: BlockId, length: number, write: Writing): Promise<Place> {
    const offset = this.#end;
    this.#end += length;
    try {
      const { data, journal } = await this.#open();
      // At once, so that a sync in between does not think it has everything.
      this.#written++;
      const crc = await write({ handle: data, path: this.path, offset, length });
      const place = { path: this.path, offset, length, crc };
      await writeFully(journal, Buffer.from(journalLine(block, place)), null);
      this.#unflushed += length;
      this.#flush();
      return place;
    } catch (error) {
      // The last one gives its room back, so that the next block follows without a gap.
      if (this.#end === offset + length) this.#end = offset;
      throw error;
    }
  }

  async #open(): Promise<Handles> {
    const handles = (this.#handles ??= openBoth(this.#disk, this.path, constants.O_RDWR));
    try {
      return await handles;
    } catch (error) {
      if (this.#handles === handles) this.#handles = undefined;
      throw error;
    }
  }
}

const openBoth = async (disk: Disk, path: string, flags: number): Promise<Handles> => {
  const data = await disk.open(path, flags, 0o600);
  try {
    return { data, journal: await disk.open(journalOf(path), flags | constants.O_APPEND, 0o600) };
  } catch (error) {
    await data.close();
    throw error;
  }
};

const closeBoth = async ({ data, journal }: Handles): Promise<void> => {
  try {
    await data.close();
  } finally {
    await journal.close();
  }
};
