import { sliceBytes } from "../content/content-hash.ts";
import { deflated, deflateEnd } from "../content/deflate-content.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { added, largeFacts, noSlices, streamEnd, type SliceSums } from "../shards/large-facts.ts";
import type { ReadRunner } from "../threads/read-runner.ts";
import type { Archive } from "./open-archive.ts";
import { openStored } from "./stored-entry.ts";

export interface LargeOptions {
  readonly runner: ReadRunner;
  readonly signal?: AbortSignal | undefined;
  /** A file that exists already; absent: the content is only checked. */
  readonly path?: string;
}

/**
 * Has a large entry that Lifeboat packed, in an archive of this machine, read there by the runner: slice after slice, for
 * only where one ends tells where the next begins. False when it is no such entry, or when anything is not as it should
 * be: reading it as any other one finds out what, and writes all of the file again.
 */
export const extractOwnLarge = async (archive: Archive, place: number, options: LargeOptions): Promise<boolean> => {
  const entry = archive.directory.at(place);
  if (entry.method !== deflated || entry.storedCrc === undefined) return false;
  const object = await archive.source.local?.();
  if (object === undefined) return false;
  const { runner, signal, path } = options;
  const { start } = await openStored(archive, place, { ahead: 0, signal });
  const end = start + entry.storedBytes - deflateEnd.length;
  let sums = noSlices;
  for (let position = 0; position < entry.sizeBytes; position += sliceBytes) {
    signal?.throwIfAborted();
    const length = Math.min(sliceBytes, entry.sizeBytes - position);
    const into = path === undefined ? {} : { into: { path, position } };
    const { slice } = await runner.run("ownSlice", { object, start: start + sums.storedBytes, end, length, ...into });
    if (slice === undefined) return false;
    sums = added(sums, slice);
  }
  const last = await archive.source.read(end, deflateEnd.length, signal);
  return Buffer.compare(last, deflateEnd) === 0 && isWhole(entry, added(sums, streamEnd));
};

const isWhole = (entry: DirectoryEntry, sums: SliceSums): boolean => {
  const { crc, sizeBytes, storedBytes, storedCrc, hash } = largeFacts(sums, false);
  return (
    sizeBytes === entry.sizeBytes &&
    storedBytes === entry.storedBytes &&
    crc === entry.crc &&
    storedCrc === entry.storedCrc &&
    entry.hash !== undefined &&
    hash !== undefined &&
    Buffer.compare(hash, entry.hash) === 0
  );
};
