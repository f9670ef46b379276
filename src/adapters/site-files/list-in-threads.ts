import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { FolderLister, ListFoldersJob, ListFoldersResult } from "../../ports/folder-lister.ts";
import { accountNames } from "./account-names.ts";
import { entriesOf } from "./entry-rows.ts";
import { unlistable } from "./file-reasons.ts";

/** A thread comes back after so many entries: then what it found is there for the others too. */
const entriesAtOnce = 500;
const jobsAhead = 3;
const batchSize = 1_000;

/** Everything below a root, in no particular order but parents before children; what `listRoot` does, in threads. */
export async function* listInThreads(
  lister: FolderLister,
  place: Pick<ListFoldersJob, "root" | "others">,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }> {
  const names = accountNames();
  const atOnce = lister.threads * jobsAhead;
  const running = new Set<Promise<Done>>();
  let pending: readonly BytePath[] = [place.root.at];
  while (pending.length + running.size > 0) {
    signal?.throwIfAborted();
    for (let free = atOnce - running.size; free > 0 && pending.length > 0; free--) {
      const share = Math.ceil(pending.length / free);
      const folders = pending.slice(-share);
      pending = pending.slice(0, -share);
      const job = { ...place, folders, most: entriesAtOnce };
      const done: Promise<Done> = lister.run("listFolders", job, signal).then((result) => ({ result, done }));
      // Awaited below, or never when the consumer stops: not an unhandled rejection in either case.
      done.catch(() => undefined);
      running.add(done);
    }
    const { result, done } = await Promise.race(running);
    running.delete(done);
    if (result.failure !== undefined) throw unlistable(place.root, result.failure);
    pending = [...pending, ...result.pending];
    for (const batch of batches(result, names)) {
      yield batch;
      signal?.throwIfAborted();
    }
  }
}

interface Done {
  readonly result: ListFoldersResult;
  readonly done: Promise<Done>;
}

function* batches({ rows, leftOut }: ListFoldersResult, names: ReturnType<typeof accountNames>) {
  let entries: ListedEntry[] = [];
  for (const entry of entriesOf(rows, names)) {
    entries.push(entry);
    if (entries.length < batchSize) continue;
    yield { entries, leftOut: [] };
    entries = [];
  }
  if (entries.length + leftOut.length > 0) yield { entries, leftOut };
}
