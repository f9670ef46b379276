/** Where backups are stored: a container. Fits block blobs, S3 multipart uploads and one local file alike. */

/** base64 of 24 bytes: 4 shard + 4 position + 16 of the content's hash. Always 32 characters. */
export type BlockId = string & { readonly __blockId: unique symbol };

/** One object being written by one run. Blocks of different runs for one name never mix. */
export interface Upload {
  readonly name: string;
  /** The run that writes; lower-case letters, digits and `-`. */
  readonly run: string;
}

export interface StoredObject {
  readonly name: string;
  readonly sizeBytes: number;
  /** Changes with every write of the object. Proves "the same bytes as a moment ago", never identity. */
  readonly etag: string;
  readonly modified: Date;
  /** Keys are lower-case letters and digits, values printable ASCII. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface DestinationLimits {
  readonly maxBlocks: number;
  readonly maxBlockBytes: number;
  /** Blocks but the last must be at least this long (S3: 5 MiB); 1 where there is no such rule. */
  readonly minBlockBytes: number;
  /** True where blocks are appended to one file: pack shards one after another, or the commit has to copy. */
  readonly appends: boolean;
}

/**
 * Every method may throw StoreFailure (domain/store-failure.ts); transient faults have been retried inside by then.
 * Names are `/`-separated relative paths of printable characters, at most 1,024 characters.
 */
export interface Destination {
  readonly limits: DestinationLimits;

  /** Keeps a block for a later commit; invisible until then. Staging the same id again is not an error. */
  stage(upload: Upload, block: BlockId, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * Stages a byte range of another object of this container. Throws `SourceChanged` when its etag is no longer
   * `from.etag` or it is gone. At most 100 MiB.
   */
  stageCopy(
    upload: Upload,
    block: BlockId,
    from: { readonly name: string; readonly etag: string; readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<void>;

  /** Returns once every block staged so far survives a power cut. */
  settle(upload: Upload): Promise<void>;

  /**
   * Makes the object of exactly these blocks, in this order, visible at once. Throws `AlreadyExists` and changes
   * nothing when the name is taken, and `BlockMissing` when a block is not staged. Durable when it returns.
   */
  commit(
    upload: Upload,
    blocks: readonly BlockId[],
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<StoredObject>;

  /** Forgets staged blocks. Not an error when there are none. A store that forgets by itself may do nothing. */
  abandon(upload: Upload): Promise<void>;

  /** Undefined when there is no such object. */
  head(name: string): Promise<StoredObject | undefined>;

  /**
   * Exactly `length` bytes from `offset`. Throws `NotFound`, `SourceChanged` (when `ifMatch` no longer holds) or
   * `OutOfRange` (when the object is shorter: never a short read).
   */
  read(
    name: string,
    range: { readonly offset: number; readonly length: number },
    options?: { readonly ifMatch?: string; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;

  /** Objects whose name starts with `prefix`, by name in byte order. */
  list(prefix: string): AsyncIterable<StoredObject>;

  /** True when it was there. With `ifMatch`: throws `SourceChanged` when the etag differs. */
  remove(name: string, options?: { readonly ifMatch?: string }): Promise<boolean>;
}
