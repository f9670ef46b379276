import type { BytePath } from "../../domain/byte-path.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import { forEachBounded } from "../bounded.ts";
import { combinedHash, sliceBytes, sliceHash } from "../content/content-hash.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { hashState, type FileSlice } from "../threads/hash-files-job.ts";
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
    const outcomes = await read(batch.map((file) => ({ ...file, offset: 0, length: file.sizeBytes, isLast: true })));
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

type Slice = Omit<FileSlice, "path"> & { readonly path: BytePath };
type SliceReader = (slices: readonly Slice[]) => Promise<readonly HashOutcome[]>;

const slicesAtOnce = 4;

const hashLarge = async ({ path, sizeBytes }: FileToHash, read: SliceReader): Promise<HashOutcome> => {
  const hashes: Uint8Array[] = [];
  let bad: HashOutcome | undefined;
  await forEachBounded(slicesOf(sizeBytes), slicesAtOnce, async ({ number, ...slice }) => {
    if (bad) return;
    const [outcome] = await read([{ path, ...slice }]);
    if (outcome?.state === "hashed") hashes[number] = outcome.hash;
    else bad = outcome;
  });
  return bad ?? { state: "hashed", hash: combinedHash(hashes) };
};

function* slicesOf(sizeBytes: number) {
  for (let number = 0; number * sliceBytes < sizeBytes; number++) {
    const offset = number * sliceBytes;
    const length = Math.min(sliceBytes, sizeBytes - offset);
    yield { number, offset, length, isLast: offset + length === sizeBytes };
  }
}

const sliceReader = (files: SiteFiles, { runner, signal }: HashOptions): SliceReader => {
  const localPath = rootPaths(files.localRoots ?? []);
  return async (slices) => {
    const local: FileSlice[] = [];
    for (const slice of slices) {
      const path = localPath(slice.path);
      if (path !== undefined) local.push({ ...slice, path });
    }
    if (local.length < slices.length) return readThroughPort(files, slices, signal);
    const { hashes, states } = await runner.run("hashFiles", { slices: local });
    return slices.map((_slice, index): HashOutcome => {
      if (states[index] === hashState.hashed)
        return { state: "hashed", hash: hashes.subarray(index * hashBytes, (index + 1) * hashBytes) };
      return { state: states[index] === hashState.unreadable ? "unreadable" : "changed" };
    });
  };
};

const readThroughPort = async (
  files: SiteFiles,
  slices: readonly Slice[],
  signal: AbortSignal | undefined,
): Promise<readonly HashOutcome[]> => {
  const outcomes: HashOutcome[] = [];
  for (const { path, offset, length, isLast } of slices) {
    try {
      // One byte more than the file should have, to see whether it goes on.
      const bytes = await files.read(path, offset, length + (isLast ? 1 : 0), signal);
      outcomes.push(bytes.length === length ? { state: "hashed", hash: sliceHash(bytes) } : { state: "changed" });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      outcomes.push({ state: (await files.stat(path)) === undefined ? "changed" : "unreadable" });
    }
  }
  return outcomes;
};
