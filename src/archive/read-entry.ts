import { pathFromBytes, type BytePath } from "../domain/byte-path.ts";
import { ArchiveInvalid } from "./archive-invalid.ts";
import { pieces } from "./byte-source.ts";
import type { DirectoryEntry } from "./directory-entry.ts";
import { headerLength, storedStart } from "./entry-data.ts";
import { checkReadable, inflatePieces, inflateWhole } from "./inflate-entry.ts";
import { localHeaderBytes } from "./local-header.ts";
import { entrySpan, type Archive, type EntrySpan } from "./open-archive.ts";

/** Entries up to this size, stored and inflated, are read and inflated in one go. */
const wholeBytes = 2 ** 20;
const pieceBytes = 2 ** 20;
/** Other tools' local headers have extra fields that the directory does not tell of; these fit most of them. */
const headerGuess = 256;

/**
 * An entry's content in pieces. It counts only once the end is reached without an error: then size, checksum and
 * (in archives of ours) content hash were right. A directory has none; a link's content is its target.
 */
export async function* readEntry(archive: Archive, place: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const entry = archive.directory.at(place);
  checkReadable(entry);
  const span = entrySpan(archive, place);
  const firstBytes = localHeaderBytes + entry.name.length + headerGuess + Math.min(entry.storedBytes, wholeBytes);
  const first = await readHead(
    archive,
    entry,
    { start: span.start, end: Math.min(span.end, span.start + firstBytes) },
    signal,
  );
  const dataStart = storedStart(entry, first, 0);
  const dataEnd = dataStart + entry.storedBytes;
  if (span.start + dataEnd > span.end)
    throw new ArchiveInvalid("Overlap", "Its bytes run into the next record.", { entry: entry.name });
  if (dataEnd <= first.length && entry.sizeBytes <= wholeBytes) {
    const content = inflateWhole(entry, first.subarray(dataStart, dataEnd));
    if (content.length > 0) yield content;
  } else yield* inflatePieces(entry, storedPieces());

  async function* storedPieces(): AsyncGenerator<Uint8Array> {
    const here = first.subarray(dataStart, dataEnd);
    if (here.length > 0) yield here;
    const rest = { start: span.start + first.length, end: span.start + dataEnd, pieceBytes };
    if (rest.start < rest.end) yield* pieces(archive.source, rest, signal);
  }
}

/** The bytes of `range`, and more when the local header alone is longer. */
const readHead = async (
  archive: Archive,
  entry: DirectoryEntry,
  range: EntrySpan,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> => {
  const { source } = archive;
  const head = await source.read(range.start, range.end - range.start, signal);
  const headerBytes = headerLength(entry, head, 0);
  if (headerBytes <= head.length) return head;
  if (range.start + headerBytes > archive.extent.directoryOffset)
    throw new ArchiveInvalid("HeaderMismatch", "Its local header runs into the directory.", { entry: entry.name });
  return source.read(range.start, headerBytes, signal);
};

/** A link's target, verbatim. */
export const readTarget = async (archive: Archive, place: number, signal?: AbortSignal): Promise<BytePath> => {
  const parts: Uint8Array[] = [];
  for await (const piece of readEntry(archive, place, signal)) parts.push(piece);
  const target = pathFromBytes(Buffer.concat(parts));
  if (target === "" || target.includes("\0"))
    throw new ArchiveInvalid("BadRecord", "It is a link without a usable target.", {
      entry: archive.directory.name(place),
    });
  return target;
};
