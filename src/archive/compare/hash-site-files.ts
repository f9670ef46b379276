import type { BytePath } from "../../domain/byte-path.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import { forEachBounded } from "../bounded.ts";
import { combinedHash, sliceBytes, sliceHash } from "../content/content-hash.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { hashState, type HashFilesJob } from "../threads/hash-files-job.ts";
import { isUnreadable } from "../listing/read-carefully.ts";
import type { ReadRunner } from "../threads/read-runner.ts";
import { rootPaths } from "../listing/root-paths.ts";

/** A file of a site, as listed. */
export interface FileToHash {
  /** The caller's. */
  readonly id: number;
  readonly path: BytePath;
  readonly sizeBytes: number;
}

/** `changed`: it is gone or has another length; `unreadable`: it is there, but cannot be read. */
type HashOutcome =
  { readonly state: "hashed"; readonly hash: Uint8Array } | { readonly state: "changed" | "unreadable" };

export interface HashOptions {
  readonly runner: ReadRunner;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads files of a site and tells their content hashes, in any order. Files of this machine are read by the runner's
 * threads, others through the port. Memory is bounded by the number of threads, whatever the files.
 */
export const hashSiteFiles = async (
  files: SiteFiles,
  wanted: Iterable<FileToHash>,
  options: HashOptions & { readonly onHash: (id: number, outcome: HashOutcome) => void },
): Promise<void> => {
  const read = sliceReader(files, options);
  const atOnce = 2 * options.runner.threads + 1;
  await forEachBounded(batches(wanted), atOnce, async (batch) => {
    options.signal?.throwIfAborted();
    const [first] = batch;
    if (first && first.sizeBytes > sliceBytes) return options.onHash(first.id, await hashLarge(first, read));
    const lengths = Float64Array.from(batch, ({ sizeBytes }) => sizeBytes);
    const outcomes = await read({ paths: batch.map(({ path }) => path), lengths, offset: 0, goesOn: false });
    batch.forEach((file, index) => options.onHash(file.id, outcomes[index] ?? { state: "unreadable" }));
  });
};

const batchBytes = 4 * 2 ** 20;
const batchFiles = 256;

/** Small files together, large ones alone. */
function* batches(wanted: Iterable<FileToHash>): Generator<readonly FileToHash[]> {
  let batch: FileToHash[] = [];
  let bytes = 0;
  for (const file of wanted) {
    if (file.sizeBytes > sliceBytes) {
      yield [file];
      continue;
    }
    if (batch.length === batchFiles || (batch.length > 0 && bytes + file.sizeBytes > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

type Slices = Omit<HashFilesJob, "paths"> & { readonly paths: readonly BytePath[] };
type SliceReader = (slices: Slices) => Promise<readonly HashOutcome[]>;

const slicesAtOnce = 4;

const hashLarge = async ({ path, sizeBytes }: FileToHash, read: SliceReader): Promise<HashOutcome> => {
  const hashes: Uint8Array[] = [];
  let bad: HashOutcome | undefined;
  await forEachBounded(slicesOf(sizeBytes), slicesAtOnce, async ({ number, offset, length }) => {
    if (bad) return;
    const goesOn = offset + length < sizeBytes;
    const [outcome] = await read({ paths: [path], lengths: Float64Array.of(length), offset, goesOn });
    if (outcome?.state === "hashed") hashes[number] = outcome.hash;
    else bad = outcome;
  });
  return bad ?? { state: "hashed", hash: combinedHash(hashes) };
};

function* slicesOf(sizeBytes: number) {
  for (let number = 0; number * sliceBytes < sizeBytes; number++) {
    const offset = number * sliceBytes;
    yield { number, offset, length: Math.min(sliceBytes, sizeBytes - offset) };
  }
}

const sliceReader = (files: SiteFiles, { runner, signal }: HashOptions): SliceReader => {
  const localPath = rootPaths(files.localRoots ?? []);
  return async (slices) => {
    const paths = slices.paths.map(localPath).filter((path) => path !== undefined);
    if (paths.length < slices.paths.length) return readThroughPort(files, slices, signal);
    const { hashes, states } = await runner.run("hashFiles", { ...slices, paths });
    return paths.map((_path, index): HashOutcome => {
      if (states[index] === hashState.hashed)
        return { state: "hashed", hash: hashes.subarray(index * hashBytes, (index + 1) * hashBytes) };
      return { state: states[index] === hashState.unreadable ? "unreadable" : "changed" };
    });
  };
};

const readThroughPort = async (
  files: SiteFiles,
  { paths, lengths, offset, goesOn }: Slices,
  signal: AbortSignal | undefined,
): Promise<readonly HashOutcome[]> => {
  const outcomes: HashOutcome[] = [];
  for (const [index, path] of paths.entries()) {
    const length = lengths[index] ?? 0;
    try {
      // One byte more than the file should have, to see whether it goes on.
      const bytes = await files.read(path, offset, goesOn ? length : length + 1, signal);
      outcomes.push(bytes.length === length ? { state: "hashed", hash: sliceHash(bytes) } : { state: "changed" });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      outcomes.push({ state: (await files.stat(path)) === undefined ? "changed" : "unreadable" });
    }
  }
  return outcomes;
};
