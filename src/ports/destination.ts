/** Where backups are stored: a container. Fits block blobs, S3 multipart uploads and one local file alike. */

/** base64 of 24 bytes: 4 shard + 4 position + 16 of the content's hash. Always 32 characters. */
export type BlockId = string & { readonly __blockId: unique symbol };

/** One object being written by one run. Blocks of different runs for one name never mix. */
export interface Upload {
  readonly name: string;
  /** The run that writes; lower-case letters, digits and `-`, at most 100. */
  readonly run: string;
}

export interface StoredObject {
  readonly name: string;
  readonly sizeBytes: number;
  /** Changes with every write of the object. Proves "the same bytes as a moment ago", never identity. */
  readonly etag: string;
  readonly modified: Date;
  /** Keys are lower-case letters and digits beginning with a letter, values printable ASCII; 2 KiB at most in all. */
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

/** An object as a file of this machine: it is the object only as long as it has this inode, size and time. */
export interface LocalObject {
  readonly path: string;
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
}

/** A byte range of an object, as long as it is unchanged. */
export interface CopySource {
  readonly name: string;
  readonly etag: string;
  readonly offset: number;
  readonly length: number;
}

/** Room in a file of this machine, which exists. */
export interface LocalRoom {
  readonly path: string;
  readonly offset: number;
}

/** Objects and staged blocks as files of this machine. */
export interface LocalFiles {
  /** On the disk that all of it takes room of; it need not be there yet. */
  readonly folder: string;

  /** Undefined when the object is gone or its etag is another. */
  find(name: string, etag: string): Promise<LocalObject | undefined>;

  /**
   * As `stage`, but `write` puts exactly `length` bytes into the room it is given, by whatever way, and answers their
   * CRC-32. When its promise settles nobody writes there any more. What it throws is thrown.
   */
  stage(upload: Upload, block: BlockId, length: number, write: (room: LocalRoom) => Promise<number>): Promise<void>;
}

/**
 * Every method may throw StoreFailure (domain/store-failure.ts); transient faults have been retried inside by then.
 * Input that breaks a rule of these comments throws `Invalid`. A call whose signal is aborted rejects with the signal's
 * reason. Names are `/`-separated relative paths of printable characters, at most 1,024 characters; no segment is empty,
 * begins with `.lifeboat`, ends with a dot or a space, or holds a backslash; no name is the folder of another. Objects
 * that other programs gave other names are not seen.
 */
export interface Destination {
  readonly limits: DestinationLimits;

  /** Set where objects are files of this machine: threads read and write them there, without a detour over this one. */
  readonly local?: LocalFiles;

  /**
   * Keeps a block of 1 to `maxBlockBytes` bytes for a later commit; invisible until then. Staging the same id again is
   * not an error, also at the same time; of different bytes under one id the last staged count. `bytes` are the caller's
   * again when this returns. Where `limits.appends`, blocks lie in the order of the calls.
   */
  stage(upload: Upload, block: BlockId, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * Stages a byte range of another object of this container. Throws `SourceChanged` when its etag is no longer
   * `from.etag` or it is gone, and `OutOfRange` when it is shorter. 1 byte to 100 MiB.
   */
  stageCopy(upload: Upload, block: BlockId, from: CopySource, signal?: AbortSignal): Promise<void>;

  /** Returns once every block staged so far survives a power cut. */
  settle(upload: Upload): Promise<void>;

  /**
   * Makes the object of exactly these blocks, in this order, visible at once. Throws `AlreadyExists` and changes
   * nothing when the name is taken, and `BlockMissing` when a block is not staged. Durable when it returns. Works in
   * another process than the one that staged.
   *
   * Committing twice throws `AlreadyExists` the second time, also when the first answer was lost: the caller tells by
   * the metadata (the commit id) whether it was itself. Compare `sizeBytes` with what was planned. Afterwards the
   * upload's staged blocks are gone, and those of other runs for this name may be.
   */
  commit(
    upload: Upload,
    blocks: readonly BlockId[],
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<StoredObject>;

  /**
   * Forgets staged blocks; for the end of every run, also after a commit. Not an error when there are none. A store that
   * forgets by itself may do nothing.
   */
  abandon(upload: Upload): Promise<void>;

  /** As `abandon`, for all names that the run staged blocks for, also those that only a process which died knew. */
  abandonRun(run: string): Promise<void>;

  /** Undefined when there is no such object. */
  head(name: string): Promise<StoredObject | undefined>;

  /**
   * Exactly `length` bytes from `offset`. Throws `NotFound`, `SourceChanged` (when `ifMatch` no longer holds) or
   * `OutOfRange` (when the object is shorter: never a short read). The bytes are the caller's own.
   */
  read(
    name: string,
    range: { readonly offset: number; readonly length: number },
    options?: { readonly ifMatch?: string; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;

  /** Objects whose name starts with `prefix`, by name in byte order (UTF-8). */
  list(prefix: string): AsyncIterable<StoredObject>;

  /** True when it was there. With `ifMatch`: throws `SourceChanged` when the etag differs. */
  remove(name: string, options?: { readonly ifMatch?: string }): Promise<boolean>;
}
