import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { pieces } from "./byte-source.ts";
import { storedStart } from "./entry-data.ts";
import { localHeaderBytes } from "../records/local-header.ts";
import { entrySpan, type Archive } from "./open-archive.ts";

const pieceBytes = 2 ** 20;
const mostExtraBytes = 0xffff;

/**
 * Part of the content of an entry that is stored as it is (method 0), without what lies before it. A part cannot be
 * checked: the checksums are those of the whole.
 */
export async function* readStoredRange(
  archive: Archive,
  place: number,
  range: { readonly from: number; readonly to: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const entry = archive.directory.at(place);
  try {
    const span = entrySpan(archive, place);
    const headBytes = Math.min(span.end - span.start, localHeaderBytes + entry.name.length + mostExtraBytes);
    const head = await archive.source.read(span.start, headBytes, range.signal);
    const start = span.start + storedStart(entry, head, 0);
    if (start + entry.storedBytes > span.end)
      throw new ArchiveInvalid("Overlap", "Its bytes run into the next record.");
    yield* pieces(archive.source, { start: start + range.from, end: start + range.to, pieceBytes }, range.signal);
  } catch (error) {
    throw ofEntry(entry.name, error);
  }
}
