import { crc32 } from "node:zlib";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { pieces } from "./byte-source.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { headerLength, storedStart } from "./entry-data.ts";
import { localHeaderBytes } from "../records/local-header.ts";
import { entrySpan, type Archive, type EntrySpan } from "./open-archive.ts";

const pieceBytes = 4 * 2 ** 20;
/** Other tools' local headers have extra fields that the directory does not tell of; these fit most of them. */
const headerGuess = 256;

/** An entry whose local header has been read and agrees with the directory. */
interface StoredData {
  readonly entry: DirectoryEntry;
  /** Where in the archive its stored bytes begin. */
  readonly start: number;
  /** The stored bytes that came with the header; all of them when they are few. */
  readonly first: Uint8Array;
  /** All stored bytes in pieces; in archives of ours, with an error at the end when they were changed. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
}

/** Reads an entry's local header with the first `ahead` stored bytes. */
export const openStored = async (
  archive: Archive,
  place: number,
  options: { readonly ahead: number; readonly signal?: AbortSignal | undefined },
): Promise<StoredData> => {
  const entry = archive.directory.at(place);
  const span = entrySpan(archive, place);
  const wanted = localHeaderBytes + entry.name.length + headerGuess + Math.min(entry.storedBytes, options.ahead);
  const range = { start: span.start, end: Math.min(span.end, span.start + wanted) };
  const head = await readHead(archive, range, options.signal);
  const start = storedStart(entry, head, 0);
  const end = start + entry.storedBytes;
  if (span.start + end > span.end) throw new ArchiveInvalid("Overlap", "Its bytes run into the next record.");
  const first = head.subarray(start, end);
  const rest = { start: span.start + head.length, end: span.start + end, pieceBytes };
  return {
    entry,
    start: span.start + start,
    first,
    pieces: () => checkedPieces(entry, first, pieces(archive.source, rest, options.signal)),
  };
};

/** The bytes of `range`, and more when the local header alone is longer. */
const readHead = async (
  { source, extent }: Archive,
  range: EntrySpan,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> => {
  const head = await source.read(range.start, range.end - range.start, signal);
  const headerBytes = headerLength(head, 0);
  if (headerBytes <= head.length) return head;
  if (range.start + headerBytes > extent.directoryOffset)
    throw new ArchiveInvalid("HeaderMismatch", "Its local header runs into the directory.");
  return source.read(range.start, headerBytes, signal);
};

async function* checkedPieces(
  entry: DirectoryEntry,
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let crc = crc32(first);
  if (first.length > 0) yield first;
  for await (const piece of rest) {
    crc = crc32(piece, crc);
    yield piece;
  }
  checkStoredCrc(entry, crc);
}

/** Throws StoredCrcMismatch; archives of other tools have nothing to compare with. */
export const checkStoredCrc = (entry: Pick<DirectoryEntry, "storedCrc">, crc: number): void => {
  if (entry.storedCrc !== undefined && crc !== entry.storedCrc)
    throw new ArchiveInvalid("StoredCrcMismatch", "What is stored of it was changed.");
};
