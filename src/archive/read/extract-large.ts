import { ArchiveInvalid } from "../archive-invalid.ts";
import { forEachBounded } from "../bounded.ts";
import { lent } from "../content/free-memory.ts";
import { combinedHash, sliceBytes } from "../content/content-hash.ts";
import { checkReadable, inflatePieces } from "../content/inflate-entry.ts";
import type { Archive } from "./open-archive.ts";
import { extractOwnLarge, type LargeOptions } from "./extract-own-large.ts";
import { openStored } from "./stored-entry.ts";

/** Read along with the local header, and held until the entry's end. */
const headBytes = 2 ** 20;

/** Has one large entry read, checked, and written to the file at `path` if there is one. */
export const extractLarge = async (archive: Archive, place: number, options: LargeOptions): Promise<void> => {
  if (!(await extractOwnLarge(archive, place, options))) await extractAnyLarge(archive, place, options);
};

/**
 * Reads one large entry, inflates it here (zlib has threads of its own) and has its slices hashed, and written to the
 * file at `path`, by the runner. Returns without error only when size, checksum and hash were right.
 */
const extractAnyLarge = async (archive: Archive, place: number, options: LargeOptions): Promise<void> => {
  const { runner, signal, path } = options;
  checkReadable(archive.directory.at(place));
  const { entry, pieces } = await openStored(archive, place, { ahead: headBytes, signal });
  const hashes: Uint8Array[] = [];
  const content = lent(inflatePieces({ ...entry, hash: undefined }, lent(pieces())));
  const spare: Uint8Array<ArrayBuffer>[] = [];
  await forEachBounded(slicesOf(content, spare), runner.threads, async ({ number, bytes, length }) => {
    const into = path === undefined ? {} : { into: { path, position: number * sliceBytes } };
    const done = await runner.run("slice", { bytes, length, ...into });
    hashes[number] = done.hash;
    spare.push(done.bytes);
  });
  if (entry.hash !== undefined && Buffer.compare(combinedHash(hashes), entry.hash) !== 0)
    throw new ArchiveInvalid("HashMismatch", "Its content does not match its hash.");
};

interface Slice {
  readonly number: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

/** Slices in memory of a whole slice each, taken from `spare` where there is some. */
async function* slicesOf(pieces: AsyncIterable<Uint8Array>, spare: Uint8Array<ArrayBuffer>[]): AsyncGenerator<Slice> {
  const memory = (): Uint8Array<ArrayBuffer> => spare.pop() ?? new Uint8Array(sliceBytes);
  let bytes = memory();
  let number = 0;
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + sliceBytes - filled);
      bytes.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < sliceBytes) continue;
      yield { number, bytes, length: filled };
      number++;
      bytes = memory();
      filled = 0;
    }
  }
  if (filled > 0) yield { number, bytes, length: filled };
}
