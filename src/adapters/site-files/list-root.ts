import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { type HeldDirectory, holdDirectory } from "./beneath.ts";
import type { EntryReader } from "./entry-reader.ts";
import { errorCode, reasonOf, specialReason } from "./file-reasons.ts";

/** One directory of this machine at its place in the site. */
export interface ResolvedRoot {
  readonly at: BytePath;
  /** Without links; latin1, as BytePath. */
  readonly real: string;
}

export interface Listing {
  readonly entryOf: EntryReader;
  /** Not the site's: Lifeboat's own files, and what another root stands in front of. `file` is where it lies. */
  readonly skips: (path: BytePath, file: string) => boolean;
  readonly entries: ListedEntry[];
  readonly leftOut: LeftOut[];
}

/** How many stats are taken before the caller may let others have a turn. */
const chunk = 256;

const statOf = (file: string): BigIntStats | Error => {
  try {
    return lstatSync(Buffer.from(file, "latin1"), { bigint: true });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

/** By path where that holds, which takes half the time; through the held directory when it was moved meanwhile. */
const statAll = (held: HeldDirectory, names: readonly string[]): readonly (BigIntStats | Error)[] => {
  if (held.path !== undefined) {
    const stats = names.map((name) => statOf(`${held.path}/${name}`));
    if (held.isStillThere()) return stats;
  }
  return names.map((name) => statOf(`${held.prefix}/${name}`));
};

const add = (path: BytePath, stat: BigIntStats | Error, file: string, listing: Listing): void => {
  try {
    if (stat instanceof Error) throw stat;
    const entry = listing.entryOf(path, stat, file);
    if (entry) listing.entries.push(entry);
    else listing.leftOut.push({ path, reason: specialReason(stat) });
  } catch (error) {
    // Gone since its folder was read: it was not there when it was listed.
    if (errorCode(error) !== "ENOENT") listing.leftOut.push({ path, reason: reasonOf(error) });
  }
};

/** Adds what lies in one folder; tells the folders in it to `found`. */
function* listFolder(
  folder: BytePath,
  held: HeldDirectory,
  listing: Listing & { readonly found: (path: BytePath) => void },
): Generator<void, void, void> {
  const names = readdirSync(held.prefix, "latin1");
  const inFolder = folder === "" ? "" : `${folder}/`;
  for (let start = 0; start < names.length; start += chunk) {
    const some = names.slice(start, start + chunk);
    const stats = statAll(held, some);
    for (const [index, stat] of stats.entries()) {
      // The cast is safe: both parts are latin1 of raw bytes.
      const path = `${inFolder}${some[index]}` as BytePath;
      const file = `${held.prefix}/${some[index]}`;
      if (listing.skips(path, file)) continue;
      add(path, stat, file, listing);
      if (!(stat instanceof Error) && stat.isDirectory()) listing.found(path);
    }
    yield;
  }
}

/**
 * Adds everything below a root to `listing`, parents before children. Yields often, so that the caller can hand on
 * what is there, let others have a turn, or stop. The calls are synchronous: a third of the time of asynchronous ones.
 * Throws when the root itself cannot be listed.
 */
export function* listRoot(root: ResolvedRoot, listing: Listing): Generator<void, void, void> {
  const pending: BytePath[] = [root.at];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    let held: HeldDirectory | undefined;
    try {
      held = holdDirectory(root.real, root.at === "" ? folder : folder.slice(root.at.length + 1), "list");
      yield* listFolder(folder, held, { ...listing, found: (path) => pending.push(path) });
    } catch (error) {
      if (folder === root.at || errorCode(error) === undefined) throw error;
      if (errorCode(error) !== "ENOENT")
        listing.leftOut.push({ path: folder, reason: `What is in it could not be listed: ${reasonOf(error)}` });
    } finally {
      held?.close();
    }
  }
}
