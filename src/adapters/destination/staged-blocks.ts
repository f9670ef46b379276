import { randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { errorCode, unlessCode } from "../../domain/error-code.ts";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { BlockId, LocalRoom } from "../../ports/destination.ts";
import { BlockFile, writingOf, type Writing } from "./block-file.ts";
import { journalOf, readJournal, type Place } from "./block-journal.ts";
import { endToEnd } from "./block-order.ts";
import { copyInOrder, type FoundBlock } from "./copy-in-order.ts";
import { syncFolder, type Disk } from "./disk.ts";
import { crcOf, piecesOf } from "./file-ranges.ts";

/** A file that holds exactly the blocks asked for, in order; not yet synced. */
export interface Assembled {
  readonly path: string;
  /** The file may be longer: what lies behind is not wanted. */
  readonly sizeBytes: number;
  /** True when it was made for this commit and is of no use to another. */
  readonly isCopy: boolean;
}

/**
 * The staged blocks of one upload, in a folder of their own: `<container>/.lifeboat/uploads/<upload>`.
 *
 * Each process appends to files of its own, so that an old process that still writes can spoil nothing; blocks of other
 * processes are found by their journals and believed only when their bytes have the CRC-32 noted there (after a power
 * cut they may not). Blocks of this process that lie in the order asked for are handed over without copying. Any other
 * order (after a retry, a restart, or shards packed side by side) is copied into one new file once.
 */
export class StagedBlocks {
  readonly folder: string;
  readonly #disk: Disk;
  readonly #name: string;
  readonly #flushBytes: number;
  readonly #ensureContainer: () => Promise<void>;
  readonly #places = new Map<BlockId, Place>();
  readonly #running = new Set<Promise<unknown>>();
  /** The latest stage of each id that is under way: of two, the later must count. */
  readonly #latest = new Map<BlockId, Promise<unknown>>();
  readonly #own = new Set<string>();
  /** Resolves when the stage called last has its place in the file. */
  #placed: Promise<void> = Promise.resolve();
  readonly #removed = new WeakSet<BlockFile>();
  readonly #anchored = new WeakSet<BlockFile>();
  #file: Promise<BlockFile> | undefined;
  /** Files that get no more blocks; open until cleared, so that a sync hears of every write that failed. */
  readonly #full = new Set<BlockFile>();
  #turn: Promise<unknown> = Promise.resolve();
  #clearing: Promise<unknown> = Promise.resolve();

  /** `ensureContainer` runs before the folder is made. */
  constructor(
    disk: Disk,
    folder: string,
    names: {
      readonly object: string;
      readonly flushBytes: number;
      readonly ensureContainer: () => Promise<void>;
    },
  ) {
    this.#disk = disk;
    this.folder = folder;
    this.#name = names.object;
    this.#flushBytes = names.flushBytes;
    this.#ensureContainer = names.ensureContainer;
  }

  get isEmpty(): boolean {
    return this.#file === undefined && this.#full.size + this.#running.size + this.#places.size === 0;
  }

  async stage(block: BlockId, bytes: Uint8Array): Promise<void> {
    const length = bytes.byteLength;
    await this.#inTurn(block, length, (known) =>
      known?.length === length && known.crc === crc32(bytes) ? undefined : writingOf([bytes]),
    );
  }

  /** Stages a range of an open file. */
  async stageRange(
    block: BlockId,
    source: { readonly handle: FileHandle; readonly name: string; readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const pieces = (): AsyncIterable<Uint8Array> => piecesOf(source.handle, source, signal);
    await this.#inTurn(block, source.length, async (known) =>
      known?.length === source.length && (await crcOf(pieces())) === known.crc ? undefined : writingOf(pieces()),
    );
  }

  /** Stages what `write` puts into the block's place. */
  async stageRoom(block: BlockId, length: number, write: (room: LocalRoom) => Promise<number>): Promise<void> {
    await this.#inTurn(
      block,
      length,
      () =>
        ({ path, offset }) =>
          write({ path, offset }),
    );
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
    const file = await this.#file;
    for (const each of [...this.#full, ...(file ? [file] : [])]) {
      try {
        await each.sync();
        await this.#anchor(each);
      } catch (error) {
        // The kernel tells of a lost write once and then calls the pages clean: what this file holds proves nothing now.
        await this.#drop(each);
        throw error;
      }
    }
  }

  /** Runs one commit or removal at a time, each after the stages called before it. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    // Taken now: stages called later may be waiting for a removal that stands behind this turn.
    const before = [...this.#running];
    const turn = this.#turn.then(async () => {
      await Promise.allSettled(before);
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** A file of exactly these blocks. No more blocks are appended to it, whatever becomes of the commit. */
  async assemble(blocks: readonly BlockId[], signal?: AbortSignal): Promise<Assembled> {
    const others = blocks.every((block) => this.#places.has(block))
      ? new Map<BlockId, Place[]>()
      : await this.#otherPlaces();
    const found = blocks.map((block) => ({
      block,
      places: [this.#places.get(block) ?? [], others.get(block) ?? []].flat(),
    }));
    const missing = found.find(({ places }) => places.length === 0);
    if (missing !== undefined) throw this.#missing(missing.block, "is not staged");
    await this.#fill();
    for (const file of this.#full) {
      if (file.failure === undefined) continue;
      await this.#drop(file);
      throw file.failure.error;
    }
    return (await this.#inOrder(blocks)) ?? this.#copyInOrder(found, signal);
  }

  /** Forgets everything, on disk too. What is staged after the call begins anew behind it. */
  async abandon(): Promise<void> {
    const cleared = this.exclusively(async () => this.clear());
    this.#clearing = cleared.catch(() => undefined);
    await cleared;
  }

  /** As `abandon`, for use within a turn; blocks staged at this moment may be lost. */
  async clear(): Promise<void> {
    await this.#fill();
    for (const file of this.#full) this.#removed.add(file);
    this.#places.clear();
    await Promise.all([...this.#full].map((file) => file.close()));
    this.#full.clear();
    // Not empty: another process, or a late attempt in this one, stages there at this moment.
    await this.#disk.rm(this.folder, { recursive: true, force: true }).catch(unlessCode("ENOTEMPTY", "ENOENT"));
  }

  /** Blocks get their places in the order of the calls, whatever each has to wait for; then they are written at once. */
  async #inTurn(
    block: BlockId,
    length: number,
    writingUnless: (known: Place | undefined) => Writing | undefined | Promise<Writing | undefined>,
  ): Promise<void> {
    const [cleared, placed, before] = [this.#clearing, this.#placed, this.#latest.get(block)];
    let letNext = (): void => undefined;
    this.#placed = new Promise((resolve) => (letNext = resolve));
    const work = async (): Promise<void> => {
      await cleared;
      await placed;
      await before?.catch(() => undefined);
      const write = await writingUnless(this.#places.get(block));
      if (write === undefined) return;
      let file = await this.#current();
      while (file.isFull) file = await this.#current();
      const appending = file.append(block, length, write);
      letNext();
      const place = await appending;
      if (!this.#removed.has(file)) this.#places.set(block, place);
    };
    const running = work().finally(letNext);
    this.#latest.set(block, running);
    this.#running.add(running);
    try {
      await running;
    } finally {
      this.#running.delete(running);
      if (this.#latest.get(block) === running) this.#latest.delete(block);
    }
  }

  async #current(): Promise<BlockFile> {
    const current = (this.#file ??= this.#create());
    try {
      return await current;
    } catch (error) {
      if (this.#file === current) this.#file = undefined;
      throw error;
    }
  }

  async #create(): Promise<BlockFile> {
    for (let attempt = 0; ; attempt++) {
      const path = await this.#newPath("blocks");
      this.#own.add(path);
      try {
        return await BlockFile.create(this.#disk, path, { flushBytes: this.#flushBytes });
      } catch (error) {
        // A removal took the folder away in between.
        if (errorCode(error) !== "ENOENT" || attempt === 4) throw error;
      }
    }
  }

  /** Takes the current file out of use and waits for its last blocks. */
  async #fill(): Promise<void> {
    const current = this.#file;
    this.#file = undefined;
    // A file that could not be made has failed the stage that asked for it.
    const file = await current?.catch(() => undefined);
    if (file === undefined) return;
    this.#full.add(file);
    await file.fill();
  }

  async #drop(file: BlockFile): Promise<void> {
    await this.#fill();
    this.#full.delete(file);
    for (const [block, place] of this.#places) if (place.path === file.path) this.#places.delete(block);
    await file.remove();
  }

  async #newPath(ending: string): Promise<string> {
    await this.#ensureContainer();
    await this.#disk.makeFolder(this.folder, 0o700);
    return join(this.folder, `${randomBytes(6).toString("hex")}.${ending}`);
  }

  /** The file's name survives a power cut: every folder above it that may be as new as the file is synced. */
  async #anchor(file: BlockFile): Promise<void> {
    if (this.#anchored.has(file)) return;
    const above = [0, 1, 2, 3].map((level) => resolve(this.folder, ...Array<string>(level).fill("..")));
    for (const folder of above) await syncFolder(this.#disk, folder);
    this.#anchored.add(file);
  }

  /** The file as it is, once the late blocks have moved into their gaps. */
  async #inOrder(blocks: readonly BlockId[]): Promise<Assembled | undefined> {
    const order = endToEnd(blocks, this.#places);
    if (order === undefined) return undefined;
    const { path, sizeBytes } = order;
    const file = [...this.#full].find((each) => each.path === path);
    for (const [block, place] of (await file?.move(order.late)) ?? []) this.#places.set(block, place);
    // The commit cuts off what lies behind, so it is staged no longer.
    for (const [block, place] of this.#places)
      if (place.path === path && place.offset >= sizeBytes) this.#places.delete(block);
    return { path, sizeBytes, isCopy: false };
  }

  async #copyInOrder(blocks: readonly FoundBlock[], signal: AbortSignal | undefined): Promise<Assembled> {
    const path = await this.#newPath("whole");
    const sizeBytes = await copyInOrder(this.#disk, path, {
      blocks,
      damaged: (block, place) => {
        if (this.#places.get(block) === place) this.#places.delete(block);
      },
      missing: (block) => this.#missing(block, "was damaged when this machine stopped"),
      signal,
    });
    return { path, sizeBytes, isCopy: true };
  }

  /** What other processes staged, most of all the one before a restart. */
  async #otherPlaces(): Promise<Map<BlockId, Place[]>> {
    const found = new Map<BlockId, Place[]>();
    for (const entry of (await this.#disk.readdir(this.folder).catch(unlessCode("ENOENT"))) ?? []) {
      const path = join(this.folder, entry);
      if (!entry.endsWith(".blocks") || this.#own.has(path)) continue;
      const places = readJournal(
        (await this.#disk.readFile(journalOf(path), "latin1").catch(unlessCode("ENOENT"))) ?? "",
        path,
      );
      for (const [block, place] of places) found.set(block, [...(found.get(block) ?? []), place]);
    }
    return found;
  }

  #missing(block: BlockId, why: string): StoreFailure {
    return new StoreFailure("BlockMissing", `Block ${block} of ${this.#name} ${why}. Stage it again.`);
  }
}
