import { forEachBounded } from "../bounded.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { deflated, deflateEnd } from "../content/deflate-content.ts";
import type { LocalObject } from "../../ports/destination.ts";
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

/** How many ends are looked for at a time: what is read for it is in the system's cache when the slices are. */
const slicesAtOnce = 8;

/**
 * Has a large entry that Lifeboat packed, in an archive of this machine, read there by the runner, its slices side by
 * side. False when it is no such entry, or when anything is not as it should be: reading it as any other one finds out
 * what, and writes all of the file again.
 */
export const extractOwnLarge = async (archive: Archive, place: number, options: LargeOptions): Promise<boolean> => {
  const entry = archive.directory.at(place);
  if (entry.method !== deflated || entry.storedCrc === undefined) return false;
  const object = await archive.source.local?.();
  if (object === undefined) return false;
  const { start } = await openStored(archive, place, { ahead: 0, signal: options.signal });
  const end = start + entry.storedBytes - deflateEnd.length;
  const last = await archive.source.read(end, deflateEnd.length, options.signal);
  if (Buffer.compare(last, deflateEnd) !== 0) return false;
  try {
    const sums = await throughSlices({ object, start, end, sizeBytes: entry.sizeBytes }, options);
    return isWhole(entry, added(sums, streamEnd));
  } catch (error) {
    if (error instanceof NoSlice) return false;
    throw error;
  }
};

/** What lies there is no slice of ours, or cannot be read. */
class NoSlice extends Error {
  override readonly name = "NoSlice";
}

interface OwnStream {
  readonly object: LocalObject;
  readonly start: number;
  readonly end: number;
  readonly sizeBytes: number;
}

const throughSlices = async (stream: OwnStream, { runner, signal, path }: LargeOptions): Promise<SliceSums> => {
  const parts: SliceSums[] = [];
  await forEachBounded(slicesOf(stream, runner), runner.threads, async ({ number, ...where }) => {
    signal?.throwIfAborted();
    const into = path === undefined ? {} : { into: { path, position: number * sliceBytes } };
    const { slice } = await runner.run("ownSlice", { object: stream.object, ...where, ...into });
    if (slice === undefined) throw new NoSlice();
    parts[number] = slice;
  });
  return sumOf(parts);
};

/** The hashes are put together at once: of a file of terabytes they are megabytes. */
const sumOf = (parts: readonly SliceSums[]): SliceSums => ({
  ...parts.reduce((sum, part) => added(sum, { ...part, hashes: noSlices.hashes }), noSlices),
  hashes: Buffer.concat(parts.map(({ hashes }) => hashes)),
});

interface Slice {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

async function* slicesOf({ object, start, end, sizeBytes }: OwnStream, runner: ReadRunner): AsyncGenerator<Slice> {
  const lengthOf = (number: number): number => Math.min(sliceBytes, sizeBytes - number * sliceBytes);
  const count = Math.ceil(sizeBytes / sliceBytes);
  let at = start;
  for (let number = 0; number < count;) {
    const lengths = Array.from({ length: Math.min(slicesAtOnce, count - number) }, (_, more) =>
      lengthOf(number + more),
    );
    const { ends } = await runner.run("findSlices", { object, start: at, end, lengths });
    if (ends === undefined) throw new NoSlice();
    for (const sliceEnd of ends) {
      yield { number, start: at, end: sliceEnd, length: lengthOf(number) };
      number++;
      at = sliceEnd;
    }
  }
}

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
