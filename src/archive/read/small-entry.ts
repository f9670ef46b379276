import { ArchiveInvalid } from "../archive-invalid.ts";
import type { Archive } from "./open-archive.ts";
import { readEntry } from "./read-entry.ts";

/** The whole content of an entry that is read into memory; one of more bytes than `most` is refused unread. */
export const smallEntry = async (
  archive: Archive,
  place: number,
  { most, signal }: { readonly most: number; readonly signal: AbortSignal | undefined },
): Promise<Buffer> => {
  if (archive.directory.sizeBytes(place) > most)
    throw new ArchiveInvalid("TooLarge", "It is too long.", { entry: archive.directory.name(place) });
  const pieces: Uint8Array[] = [];
  for await (const piece of readEntry(archive, place, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
};
