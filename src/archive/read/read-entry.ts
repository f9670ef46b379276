import { pathFromBytes, type BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { checkReadable, inflatePieces, inflateWhole } from "../content/inflate-entry.ts";
import type { Archive } from "./open-archive.ts";
import { openStored } from "./stored-entry.ts";

/** Entries up to this size, stored and inflated, are read and inflated in one go. */
const wholeBytes = 2 ** 20;

/**
 * An entry's content in pieces. It counts only once the end is reached without an error: then size, checksum and
 * (in archives of ours) content hash were right. A directory has none; a link's content is its target.
 */
export async function* readEntry(archive: Archive, place: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    checkReadable(archive.directory.at(place));
    const { entry, first, pieces } = await openStored(archive, place, { ahead: wholeBytes, signal });
    if (first.length === entry.storedBytes && entry.sizeBytes <= wholeBytes) {
      const content = inflateWhole(entry, first);
      if (content.length > 0) yield content;
    } else yield* inflatePieces(entry, pieces());
  } catch (error) {
    throw ofEntry(archive.directory.name(place), error);
  }
}

/** A link's target, verbatim. */
export const readTarget = async (archive: Archive, place: number, signal?: AbortSignal): Promise<BytePath> => {
  const parts: Uint8Array[] = [];
  for await (const piece of readEntry(archive, place, signal)) parts.push(piece);
  return targetOf(archive.directory.name(place), Buffer.concat(parts));
};

/** The content of a link as its target. */
export const targetOf = (entry: BytePath, content: Uint8Array): BytePath => {
  const target = pathFromBytes(content);
  if (target === "" || target.includes("\0"))
    throw new ArchiveInvalid("BadRecord", "It is a link without a usable target.", { entry });
  return target;
};
