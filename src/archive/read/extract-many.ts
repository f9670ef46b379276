import type { ArchiveInvalid } from "../archive-invalid.ts";
import { extractSegments, type ExtractOptions } from "./extract-segments.ts";
import type { Archive } from "./open-archive.ts";
import { readEntry } from "./read-entry.ts";

/** Takes contents. Called for several entries at the same time. */
interface EntrySink {
  /**
   * One entry's content, to be read to its end; only if that ends without an error was the content right. Directories
   * come with none, links with their target.
   */
  put(place: number, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * Gives many entries to a sink, in the order of the data, with every size, checksum and hash checked. Memory is bounded
 * by the runner's threads (some 20 MiB each), whatever the archive. The first damaged entry ends it with ArchiveInvalid,
 * unless `onFault` takes the faults.
 */
export const extractMany = (
  archive: Archive,
  selection: Iterable<number>,
  options: ExtractOptions & { readonly sink: EntrySink; readonly onFault?: (fault: ArchiveInvalid) => void },
): Promise<void> =>
  extractSegments(archive, selection, {
    ...options,
    output: "return",
    onContent: ({ place }, content) => options.sink.put(place, onePiece(content)),
    onLarge: ({ place }) => options.sink.put(place, readEntry(archive, place, options.signal)),
    onFault: options.onFault ?? fail,
  });

export const fail = (fault: ArchiveInvalid): never => {
  throw fault;
};

async function* onePiece(content: Uint8Array): AsyncGenerator<Uint8Array> {
  if (content.length > 0) yield content;
}
