/**
 * The catalog's rows: small JSON documents in partitions, by key. Table Storage's own promises, no more:
 * everything in one partition can change in one atomic batch; nothing spans partitions.
 * What lies in which partition is src/operations/rows/ alone.
 */

/** JSON; a property that is undefined counts as absent. At most 400 KiB as UTF-8 text. */
export type RowValue = Readonly<Record<string, unknown>>;

export interface Row {
  readonly key: string;
  readonly value: RowValue;
  /** Changes with every write of the row, also one of equal content; never reused for this key, not even after a removal. */
  readonly version: string;
}

export type RowChange =
  /** Conflict when the key exists. */
  | { readonly kind: "insert"; readonly key: string; readonly value: RowValue }
  /** Conflict when the row is gone or its version is another. */
  | { readonly kind: "replace"; readonly key: string; readonly value: RowValue; readonly version: string }
  /** Last write wins; the row need not exist. */
  | { readonly kind: "put"; readonly key: string; readonly value: RowValue }
  /** With a version: conflict when gone or different. Without: no error when it is gone. */
  | { readonly kind: "remove"; readonly key: string; readonly version?: string };

export interface KeyRange {
  /** Only keys that start so. */
  readonly prefix?: string;
  /** Only keys >= from. */
  readonly from?: string;
  /** Only keys < before. */
  readonly before?: string;
  /** At most so many rows, the first by key. */
  readonly limit?: number;
}

/**
 * Partition names and keys: 1 to 500 characters of printable ASCII without `/ \ # ? %`; compared by code unit.
 * Every method may throw StoreFailure ("Unavailable", "Full", "AccessDenied"); transient faults have been retried by then.
 * "Invalid" is a caller's mistake: a name, value or batch outside these limits.
 */
export interface Catalog {
  /** Undefined when there is no such row. Sees every write acknowledged before the call, by any process. */
  get(partition: string, key: string): Promise<Row | undefined>;

  /** Rows of one partition by key, ascending. */
  list(partition: string, range?: KeyRange): Promise<readonly Row[]>;

  /**
   * Applies all changes or none, durably: they survive a power cut once this returns. At most 100 changes, no key twice,
   * together at most 3 MiB (quotes and backslashes of the text count twice). False when any change conflicts (then
   * nothing is written).
   *
   * A lost answer may be retried inside; a batch of our own that went through the first time is recognised and is true.
   * Where that cannot be told any more (others have changed all its rows since, or it only removed) it throws "Unavailable".
   */
  write(partition: string, changes: readonly RowChange[]): Promise<boolean>;

  /**
   * Puts one row, as `write` does, of which only the latest value is of interest: a power cut may undo it, so that it need
   * not wait for the disk. The end of this process does not.
   */
  writeNews(partition: string, row: { readonly key: string; readonly value: RowValue }): Promise<void>;

  /** Releases files and connections; later calls throw. */
  close(): Promise<void>;
}
