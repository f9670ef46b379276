import type { BigIntStats } from "node:fs";
import { resolve } from "node:path";
import { StoreFailure } from "../../domain/store-failure.ts";
import type {
  BlockId,
  CopySource,
  Destination,
  DestinationLimits,
  LocalFiles,
  StoredObject,
  Upload,
} from "../../ports/destination.ts";
import { checkBlock, checkCommit, checkCopy, checkName, checkRange, checkRun, checkUpload } from "./check-input.ts";
import { DirectoryMetadata } from "./directory-metadata.ts";
import { DirectoryTree, type FolderOptions } from "./directory-tree.ts";
import { orFailure, realDisk, type Disk } from "./disk.ts";
import { readRange } from "./file-ranges.ts";
import { changed, notFound, taken } from "./object-failures.ts";
import type { Assembled } from "./staged-blocks.ts";
import { checkInside, described, etagOf, versionOf } from "./stored-file.ts";
import { Uploads } from "./uploads.ts";

interface DirectoryOptions extends FolderOptions {
  readonly disk?: Disk;
  /** After so many staged bytes they are sent to the disk; 32 MiB. */
  readonly flushBytes?: number;
}

/**
 * A folder of this machine as a container: objects are plain files, everything else lies in `.lifeboat` inside it.
 * Have one for a folder in a process: blocks staged through another one are copied at the commit.
 */
export const directoryDestination = (root: string, options: DirectoryOptions = {}): Destination =>
  new DirectoryDestination(resolve(root), options);

class DirectoryDestination implements Destination {
  readonly limits: DestinationLimits = {
    maxBlocks: 100_000,
    maxBlockBytes: 1024 * 1024 * 1024,
    minBlockBytes: 1,
    appends: true,
  };
  readonly local: LocalFiles;
  readonly #disk: Disk;
  readonly #tree: DirectoryTree;
  readonly #metadata: DirectoryMetadata;
  readonly #uploads: Uploads;

  constructor(root: string, { disk = realDisk, flushBytes = 2 ** 25, ...options }: DirectoryOptions) {
    this.#disk = disk;
    this.#tree = new DirectoryTree(disk, root, options);
    this.#uploads = new Uploads(disk, this.#tree, flushBytes);
    this.#metadata = new DirectoryMetadata(disk, root);
    this.local = this.#localFiles(root);
  }

  async stage(upload: Upload, block: BlockId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkBlock(upload, block, bytes.byteLength, this.limits);
    signal?.throwIfAborted();
    await this.#writing(upload.name, async () => this.#uploads.of(upload).stage(block, bytes));
  }

  async stageCopy(upload: Upload, block: BlockId, from: CopySource, signal?: AbortSignal): Promise<void> {
    checkCopy(upload, block, from);
    signal?.throwIfAborted();
    await this.#writing(upload.name, async () => {
      const source = await this.#tree.open(from.name);
      if (source === undefined) throw changed(from.name);
      try {
        if (etagOf(source.stats) !== from.etag) throw changed(from.name);
        checkInside(from.name, source.stats, from);
        await this.#uploads.of(upload).stageRange(block, { handle: source.handle, ...from }, signal);
      } finally {
        await source.handle.close();
      }
    });
  }

  async settle(upload: Upload): Promise<void> {
    checkUpload(upload);
    await this.#writing(upload.name, async () => this.#uploads.of(upload).settle());
    this.#uploads.forgetIfEmpty(upload);
  }

  async commit(
    upload: Upload,
    blocks: readonly BlockId[],
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<StoredObject> {
    checkCommit(upload, blocks, metadata, this.limits);
    signal?.throwIfAborted();
    const staged = this.#uploads.of(upload);
    const commit = async (): Promise<StoredObject> => {
      await this.#tree.checkInPlace();
      if (await this.#tree.isTaken(upload.name)) throw taken(upload.name);
      const whole = await staged.assemble(blocks, signal);
      const object = await this.#publish(upload.name, whole, metadata).catch(async (error: unknown) => {
        if (whole.isCopy) await this.#disk.rm(whole.path, { force: true });
        throw error;
      });
      await staged.clear();
      return object;
    };
    try {
      return await this.#writing(upload.name, async () => staged.exclusively(commit));
    } finally {
      this.#uploads.forgetIfEmpty(upload);
    }
  }

  async abandon(upload: Upload): Promise<void> {
    checkUpload(upload);
    const staged = this.#uploads.of(upload);
    const doing = `Forgetting staged blocks of ${upload.name}`;
    await orFailure(doing, async () => staged.abandon());
    this.#uploads.forgetIfEmpty(upload);
  }

  async abandonRun(run: string): Promise<void> {
    checkRun(run);
    await orFailure(`Forgetting what ${run} staged`, async () => this.#uploads.abandonRun(run));
  }

  async head(name: string): Promise<StoredObject | undefined> {
    checkName(name);
    return this.#reading(name, async () => {
      const stats = await this.#tree.stats(name);
      if (stats === undefined) await this.#tree.checkRoot();
      return stats && this.#describe(name, stats);
    });
  }

  async read(
    name: string,
    range: { readonly offset: number; readonly length: number },
    options: { readonly ifMatch?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    checkName(name);
    checkRange(name, range);
    options.signal?.throwIfAborted();
    return this.#reading(name, async () => {
      const found = await this.#tree.open(name);
      if (found === undefined) throw notFound(name, this.#tree.root);
      try {
        if (options.ifMatch !== undefined && options.ifMatch !== etagOf(found.stats)) throw changed(name);
        checkInside(name, found.stats, range);
        return await readRange(found.handle, { name, ...range }, options.signal);
      } finally {
        await found.handle.close();
      }
    });
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    await this.#reading(prefix, async () => this.#tree.checkRoot());
    const names = this.#tree.names(prefix)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#reading(prefix, async () => names.next());
      if (next.done) return;
      const object = await this.head(next.value);
      if (object) yield object;
    }
  }

  async remove(name: string, options: { readonly ifMatch?: string } = {}): Promise<boolean> {
    checkName(name);
    return this.#inPlace(`Removing ${name} from ${this.#tree.root}`, async () => {
      const stats = await this.#tree.stats(name);
      if (stats === undefined) {
        await this.#tree.checkRoot();
        return false;
      }
      if (options.ifMatch !== undefined && options.ifMatch !== etagOf(stats)) throw changed(name);
      const removed = await this.#tree.remove(name);
      await this.#metadata.remove(versionOf(name, stats));
      return removed;
    });
  }

  #localFiles(folder: string): LocalFiles {
    return {
      folder,
      find: async (name, etag) => {
        checkName(name);
        const stats = await this.#reading(name, async () => this.#tree.stats(name));
        if (stats === undefined || etagOf(stats) !== etag) return undefined;
        const { ino: inode, mtimeNs } = stats;
        return { path: this.#tree.pathOf(name), inode, sizeBytes: Number(stats.size), mtimeNs };
      },
      stage: async (upload, block, length, write) => {
        checkBlock(upload, block, length, this.limits);
        await this.#writing(upload.name, async () => this.#uploads.of(upload).stageRoom(block, length, write));
      },
    };
  }

  async #publish(name: string, whole: Assembled, metadata: Readonly<Record<string, string>>): Promise<StoredObject> {
    const stats = await this.#finish(whole);
    const version = versionOf(name, stats);
    await this.#metadata.write(version, metadata);
    if (!(await this.#tree.publish(whole.path, name))) {
      await this.#metadata.remove(version);
      throw taken(name);
    }
    return described(name, stats, metadata);
  }

  /** The file's final length, time and bytes, all on the disk. */
  async #finish(whole: Assembled): Promise<BigIntStats> {
    const handle = await this.#disk.open(whole.path, "r+");
    try {
      if ((await handle.stat()).size > whole.sizeBytes) await handle.truncate(whole.sizeBytes);
      // A fraction of a millisecond by chance: an object of the same size written within one tick of the clock, on the
      // inode of one just removed, must have another etag.
      const now = (Date.now() + Math.random()) / 1000;
      await handle.utimes(now, now);
      await handle.sync();
      const stats = await handle.stat({ bigint: true });
      if (stats.size !== BigInt(whole.sizeBytes))
        throw new StoreFailure(
          "Unavailable",
          `${whole.path} has ${stats.size} bytes instead of ${whole.sizeBytes}. Try again.`,
        );
      return stats;
    } finally {
      await handle.close();
    }
  }

  async #describe(name: string, stats: BigIntStats): Promise<StoredObject> {
    return described(name, stats, await this.#metadata.read(versionOf(name, stats)));
  }

  /** Calls keep their order: that nobody moved the folder is looked at when it is made, and once more at the commit. */
  async #writing<T>(name: string, work: () => Promise<T>): Promise<T> {
    return orFailure(`Writing ${name} to ${this.#tree.root}`, work, this.#tree.root);
  }

  async #reading<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#inPlace(`Reading ${name} in ${this.#tree.root}`, work);
  }

  async #inPlace<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return orFailure(doing, async () => {
      await this.#tree.checkInPlace();
      return work();
    });
  }
}
