import { StoreFailure } from "../../src/domain/store-failure.ts";
import type {
  BlockId,
  CopySource,
  Destination,
  DestinationLimits,
  StoredObject,
  Upload,
} from "../../src/ports/destination.ts";
import {
  checkBlock,
  checkCommit,
  checkCopy,
  checkName,
  checkRange,
  checkRun,
  checkUpload,
} from "../../src/adapters/destination/check-input.ts";

/** What is about to happen, or has just happened, for a hook to let pass, delay or break. */
interface MemoryOperation {
  readonly method: keyof Omit<Destination, "limits">;
  /** The object's name; the prefix of a list. */
  readonly name: string;
  readonly run?: string;
}

export interface MemoryOptions {
  readonly limits?: DestinationLimits;
  /** Parts are taken in the order they were staged, as S3's numbered parts are; another order is `Invalid`. */
  readonly inStagedOrder?: boolean;
  readonly now?: () => Date;
  /** Runs before each operation; what it throws, the operation throws, and nothing has changed. */
  readonly before?: (operation: MemoryOperation) => void | Promise<void>;
  /** Runs after each operation took effect; what it throws is an answer that got lost. */
  readonly after?: (operation: MemoryOperation) => void | Promise<void>;
}

/** Azure's own, for block blobs. */
export const azureLimits: DestinationLimits = {
  maxBlocks: 50_000,
  maxBlockBytes: 4000 * 1024 * 1024,
  minBlockBytes: 1,
  appends: false,
};

/** S3's own, for multipart uploads; with `inStagedOrder`. */
export const s3Limits: DestinationLimits = {
  maxBlocks: 10_000,
  maxBlockBytes: 5 * 1024 * 1024 * 1024,
  minBlockBytes: 5 * 1024 * 1024,
  appends: false,
};

const maxStagedBlocks = 100_000;

interface Kept {
  readonly object: StoredObject;
  readonly bytes: Buffer;
}

/** A container in memory that enforces Azure's limits and shares its habits; for tests and for trying things out. */
export const memoryDestination = (options: MemoryOptions = {}): Destination => new MemoryDestination(options);

class MemoryDestination implements Destination {
  readonly limits: DestinationLimits;
  readonly #options: MemoryOptions;
  readonly #objects = new Map<string, Kept>();
  /** By object name, then by run and block id: as in Azure, all runs' staged blocks of one name share its fate. */
  readonly #staged = new Map<string, Map<string, Buffer>>();
  #writes = 0;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.limits = options.limits ?? azureLimits;
  }

  async stage(upload: Upload, block: BlockId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkBlock(upload, block, bytes.byteLength, this.limits);
    const copy = Buffer.from(bytes);
    await this.#around({ method: "stage", ...upload }, () => this.#keep(upload, block, copy), signal);
  }

  async stageCopy(upload: Upload, block: BlockId, from: CopySource, signal?: AbortSignal): Promise<void> {
    checkCopy(upload, block, from);
    const copy = (): void => {
      const source = this.#objects.get(from.name);
      if (source?.object.etag !== from.etag) throw changed(from.name);
      this.#keep(upload, block, slice(source, from));
    };
    await this.#around({ method: "stageCopy", ...upload }, copy, signal);
  }

  async settle(upload: Upload): Promise<void> {
    checkUpload(upload);
    await this.#around({ method: "settle", ...upload }, () => undefined);
  }

  async commit(
    upload: Upload,
    blocks: readonly BlockId[],
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<StoredObject> {
    checkCommit(upload, blocks, metadata, this.limits);
    return this.#around({ method: "commit", ...upload }, () => this.#commit(upload, blocks, metadata), signal);
  }

  async abandon(upload: Upload): Promise<void> {
    checkUpload(upload);
    await this.#around({ method: "abandon", ...upload }, () => {
      const staged = this.#staged.get(upload.name);
      for (const key of staged?.keys() ?? []) if (key.startsWith(`${upload.run}/`)) staged?.delete(key);
      if (staged?.size === 0) this.#staged.delete(upload.name);
    });
  }

  async abandonRun(run: string): Promise<void> {
    checkRun(run);
    for (const name of this.#staged.keys()) await this.abandon({ name, run });
  }

  async head(name: string): Promise<StoredObject | undefined> {
    checkName(name);
    return this.#around({ method: "head", name }, () => this.#objects.get(name)?.object);
  }

  async read(
    name: string,
    range: { readonly offset: number; readonly length: number },
    options: { readonly ifMatch?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    checkName(name);
    checkRange(name, range);
    const read = (): Buffer => {
      const kept = this.#objects.get(name);
      if (kept === undefined)
        throw new StoreFailure("NotFound", `${name} is not there. List the container to see what is.`);
      if (options.ifMatch !== undefined && options.ifMatch !== kept.object.etag) throw changed(name);
      return Buffer.from(slice(kept, range));
    };
    return this.#around({ method: "read", name }, read, options.signal);
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const inByteOrder = (one: StoredObject, other: StoredObject): number =>
      Buffer.compare(Buffer.from(one.name), Buffer.from(other.name));
    yield* await this.#around({ method: "list", name: prefix }, () =>
      [...this.#objects.values()]
        .map((kept) => kept.object)
        .filter((object) => object.name.startsWith(prefix))
        .sort(inByteOrder),
    );
  }

  async remove(name: string, options: { readonly ifMatch?: string } = {}): Promise<boolean> {
    checkName(name);
    return this.#around({ method: "remove", name }, () => {
      const kept = this.#objects.get(name);
      if (kept && options.ifMatch !== undefined && options.ifMatch !== kept.object.etag) throw changed(name);
      return this.#objects.delete(name);
    });
  }

  /** Every operation takes effect at one instant between the two hooks. */
  async #around<T>(operation: MemoryOperation, effect: () => T, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    await this.#options.before?.(operation);
    signal?.throwIfAborted();
    const result = effect();
    await this.#options.after?.(operation);
    return result;
  }

  #keep(upload: Upload, block: BlockId, bytes: Buffer): void {
    const staged = this.#staged.get(upload.name) ?? new Map<string, Buffer>();
    const key = `${upload.run}/${block}`;
    if (staged.size >= maxStagedBlocks && !staged.has(key))
      throw new StoreFailure(
        "Full",
        `${upload.name} has ${maxStagedBlocks} staged blocks; abandon its unfinished runs.`,
      );
    staged.set(key, bytes);
    this.#staged.set(upload.name, staged);
  }

  #commit(upload: Upload, blocks: readonly BlockId[], metadata: Readonly<Record<string, string>>): StoredObject {
    if (this.#objects.has(upload.name))
      throw new StoreFailure("AlreadyExists", `${upload.name} exists and is left as it is. Take another name.`);
    const parts = this.#parts(upload, blocks);
    const short = parts.slice(0, -1).findIndex((part) => part.length < this.limits.minBlockBytes);
    if (short >= 0)
      throw new StoreFailure(
        "Invalid",
        `Block ${short} of ${upload.name} is shorter than ${this.limits.minBlockBytes} bytes.`,
      );
    const bytes = Buffer.concat(parts);
    const object: StoredObject = {
      name: upload.name,
      sizeBytes: bytes.length,
      etag: `0x${(++this.#writes).toString(16).toUpperCase().padStart(15, "0")}`,
      modified: this.#options.now?.() ?? new Date(),
      metadata: { ...metadata },
    };
    this.#objects.set(upload.name, { object, bytes });
    this.#staged.delete(upload.name);
    return object;
  }

  #parts(upload: Upload, blocks: readonly BlockId[]): Buffer[] {
    const staged = this.#staged.get(upload.name) ?? new Map<string, Buffer>();
    const order = new Map([...staged.keys()].map((key, position) => [key, position]));
    let last = -1;
    return blocks.map((block) => {
      const key = `${upload.run}/${block}`;
      const bytes = staged.get(key);
      const position = order.get(key) ?? -1;
      if (bytes === undefined)
        throw new StoreFailure("BlockMissing", `Block ${block} of ${upload.name} is not staged. Stage it again.`);
      if (this.#options.inStagedOrder && position <= last)
        throw new StoreFailure("Invalid", `Block ${block} of ${upload.name} was staged before its predecessor.`);
      last = position;
      return bytes;
    });
  }
}

const slice = (kept: Kept, range: { readonly offset: number; readonly length: number }): Buffer => {
  const end = range.offset + range.length;
  if (end > kept.bytes.length)
    throw new StoreFailure("OutOfRange", `${kept.object.name} ends at ${kept.bytes.length}, before byte ${end}.`);
  return kept.bytes.subarray(range.offset, end);
};

const changed = (name: string): StoreFailure =>
  new StoreFailure("SourceChanged", `${name} is no longer what it was a moment ago. Read it anew.`);
