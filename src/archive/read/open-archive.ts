import { ArchiveInvalid } from "../archive-invalid.ts";
import type { ByteSource } from "./byte-source.ts";
import { checkNames, checkOverlaps } from "../directory/check-directory.ts";
import type { CommitId } from "../directory/commit-id.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { localHeaderBytes } from "../records/local-header.ts";
import { locateDirectory, type ArchiveExtent } from "./locate-directory.ts";
import { readDirectory } from "./read-directory.ts";
import { sortedRows } from "../directory/row-order.ts";

/**
 * What is read of an archive before anything of it is trusted. Memory for a directory is at most four times its
 * bytes (110 bytes and the name an entry, of at least 46 bytes and the name), and a few MiB.
 */
interface ArchiveLimits {
  readonly maxEntries: number;
  readonly maxDirectoryBytes: number;
}

const defaultLimits: ArchiveLimits = { maxEntries: 5_000_000, maxDirectoryBytes: 2 ** 30 };

/** An archive whose directory has been read and checked; nothing of its contents has been. */
export interface Archive {
  readonly source: ByteSource;
  readonly extent: ArchiveExtent;
  /** Sorted by raw bytes of the names. Offsets are those in the file. */
  readonly directory: DirectoryColumns;
  readonly commitId: CommitId;
  /** Places in the order of their data. */
  readonly byOffset: Uint32Array;
}

/** Reads end record and directory. Throws ArchiveInvalid for whatever is not an archive that can be read safely. */
export const openArchive = async (
  source: ByteSource,
  options: { readonly limits?: Partial<ArchiveLimits>; readonly signal?: AbortSignal } = {},
): Promise<Archive> => {
  const limits = { ...defaultLimits, ...options.limits };
  const extent = await locateDirectory(source, options.signal);
  if (extent.entries > limits.maxEntries)
    throw new ArchiveInvalid("TooLarge", `${extent.entries} entries; the limit is ${limits.maxEntries}.`);
  if (extent.directoryBytes > limits.maxDirectoryBytes)
    throw new ArchiveInvalid("TooLarge", `The directory exceeds the limit of ${limits.maxDirectoryBytes} bytes.`);
  const { directory, commitId } = await readDirectory(source, extent, options.signal);
  directory.sort();
  checkNames(directory);
  const byOffset = sortedRows(directory.length, (a, b) => directory.offset(a) - directory.offset(b));
  checkOverlaps(directory, byOffset);
  return { source, extent, directory, commitId, byOffset };
};

/** The bytes that may belong to an entry: from its local header to the next entry's, or to the directory. */
export interface EntrySpan {
  readonly start: number;
  readonly end: number;
}

const maxHeaderBytes = localHeaderBytes + 2 * 0xffff;
/** A data descriptor of the longest kind. */
const maxDescriptorBytes = 24;

export const entrySpan = (archive: Archive, place: number): EntrySpan => {
  const start = archive.directory.offset(place);
  const next = archive.byOffset[rankOf(archive, start) + 1];
  const limit = next === undefined ? archive.extent.directoryOffset : archive.directory.offset(next);
  const most = start + maxHeaderBytes + archive.directory.storedBytes(place) + maxDescriptorBytes;
  return { start, end: Math.min(limit, most) };
};

/** Where an entry with this offset stands in the order of the data. */
const rankOf = (archive: Archive, offset: number): number => {
  let low = 0;
  let high = archive.byOffset.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (archive.directory.offset(archive.byOffset[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
};
