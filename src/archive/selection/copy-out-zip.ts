import { crc32 } from "node:zlib";
import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { CentralEncoder } from "../records/central-encoder.ts";
import { archiveComment, CommitIdBuilder } from "../directory/commit-id.ts";
import { checkCopyable } from "../read/copy-check.ts";
import { segmentsAhead } from "../read/copy-segments.ts";
import { encodeEnd } from "../records/end-records.ts";
import { storedStart } from "../read/entry-data.ts";
import { inflateWhole } from "../content/inflate-entry.ts";
import { encodeLocalHeader, localHeaderLength } from "../records/local-header.ts";
import type { Archive } from "../read/open-archive.ts";
import { readEntry } from "../read/read-entry.ts";
import type { ReadSegment } from "../read/read-segments.ts";
import { sortedRows } from "../directory/row-order.ts";
import { checkStoredCrc, openStored } from "../read/stored-entry.ts";

interface CopiedZip {
  /** Exactly; unknown when entries of other tools are among them, or more than is counted in a moment. */
  readonly sizeBytes: number | undefined;
  /** To be read once. An error in it, also behind the last entry's data, means that the zip is worth nothing. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Entries of an archive as a zip of its own, as sound and as complete as any archive of ours: stored bytes are copied
 * and not packed again, each compared with its checksum (entries of other tools are inflated for it). The same
 * selection gives the same bytes. Reads a few segments ahead, and stops when the consumer does.
 *
 * `places` as `selectEntries` gives them. Throws ArchiveInvalid at once for entries that are not read at all.
 */
export const copyOutZip = (
  archive: Archive,
  places: Uint32Array,
  options: { readonly signal?: AbortSignal | undefined } = {},
): CopiedZip => {
  const zip = new CopyOut(archive, places, options.signal);
  return { sizeBytes: zip.sizeBytes(), content: zip.bytes() };
};

/** About this many bytes of the directory are written together. */
const sliceBytes = 2 ** 20;

/** The records of more entries than this are not encoded only to know their length. */
const countedEntries = 50_000;

class CopyOut {
  readonly #archive: Archive;
  readonly #places: Uint32Array;
  readonly #signal: AbortSignal | undefined;
  /** Where the entries will lie, in the order of `places`. */
  readonly #offsets: Float64Array;
  readonly #dataBytes: number;
  /** Checksums of stored bytes, by place, for entries whose directory has none. */
  readonly #storedCrcs = new Map<number, number>();

  constructor(archive: Archive, places: Uint32Array, signal: AbortSignal | undefined) {
    const { directory } = archive;
    this.#archive = archive;
    this.#places = places;
    this.#signal = signal;
    this.#offsets = new Float64Array(places.length);
    const placeAt = (index: number): number => places[index] ?? 0;
    let offset = 0;
    const order = sortedRows(places.length, (a, b) => directory.offset(placeAt(a)) - directory.offset(placeAt(b)));
    for (const index of order) {
      const entry = directory.at(placeAt(index));
      checkCopyable(entry);
      this.#offsets[index] = offset;
      offset += localHeaderLength(entry) + entry.storedBytes;
    }
    this.#dataBytes = offset;
  }

  sizeBytes(): number | undefined {
    if (this.#places.length > countedEntries) return undefined;
    for (const place of this.#places) if (this.#archive.directory.at(place).storedCrc === undefined) return undefined;
    const commitId = new CommitIdBuilder();
    let directoryBytes = 0;
    for (const record of this.#records()) {
      commitId.update(record);
      directoryBytes += record.length;
    }
    return this.#dataBytes + directoryBytes + this.#end(directoryBytes, commitId).length;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for await (const { segment, bytes } of segmentsAhead(this.#archive, this.#places, this.#signal)) {
      if (bytes) yield this.#small(segment, bytes);
      else for (const place of segment.places) yield* this.#large(place);
    }
    const commitId = new CommitIdBuilder();
    let directoryBytes = 0;
    for (const slice of slices(this.#records())) {
      commitId.update(slice);
      directoryBytes += slice.length;
      yield slice;
    }
    yield this.#end(directoryBytes, commitId);
  }

  #end(sizeBytes: number, commitId: CommitIdBuilder): Buffer {
    const extent = { entries: this.#places.length, offset: this.#dataBytes, sizeBytes };
    return encodeEnd(extent, archiveComment(commitId.finish()));
  }

  *#records(): Generator<Buffer> {
    const { directory } = this.#archive;
    const encoder = new CentralEncoder(directory.owners);
    for (const [index, place] of this.#places.entries()) {
      const entry = directory.at(place);
      const storedCrc = entry.storedCrc ?? this.#storedCrcs.get(place);
      yield encoder.encode({ ...entry, storedCrc, offset: this.#offsets[index] ?? 0 });
    }
  }

  #small({ places, start }: ReadSegment, bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const place of places) {
      const entry = this.#archive.directory.at(place);
      try {
        const data = storedStart(entry, bytes, entry.offset - start);
        const stored = bytes.subarray(data, data + entry.storedBytes);
        if (stored.length < entry.storedBytes)
          throw new ArchiveInvalid("Overlap", "Its bytes run into the next record.");
        const crc = crc32(stored);
        checkStoredCrc(entry, crc);
        if (entry.storedCrc === undefined) {
          inflateWhole(entry, stored);
          this.#storedCrcs.set(place, crc);
        }
        parts.push(encodeLocalHeader(entry), stored);
      } catch (error) {
        throw ofEntry(entry.name, error);
      }
    }
    return Buffer.concat(parts);
  }

  async *#large(place: number): AsyncGenerator<Uint8Array> {
    const archive = this.#archive;
    const isForeign = archive.directory.at(place).storedCrc === undefined;
    // Nothing but its content tells whether it is whole, and nothing of it may leave before that is known.
    if (isForeign) for await (const _ of readEntry(archive, place, this.#signal)) this.#signal?.throwIfAborted();
    try {
      const { entry, pieces } = await openStored(archive, place, { ahead: 2 ** 20, signal: this.#signal });
      yield encodeLocalHeader(entry);
      let crc = 0;
      for await (const piece of pieces()) {
        if (isForeign) crc = crc32(piece, crc);
        yield piece;
      }
      if (isForeign) this.#storedCrcs.set(place, crc);
    } catch (error) {
      throw ofEntry(archive.directory.name(place), error);
    }
  }
}

function* slices(records: Iterable<Buffer>): Generator<Buffer> {
  let together: Buffer[] = [];
  let length = 0;
  for (const record of records) {
    together.push(record);
    length += record.length;
    if (length < sliceBytes) continue;
    yield Buffer.concat(together);
    together = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(together);
}
