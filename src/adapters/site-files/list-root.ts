import { lstatSync, readdirSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { type HeldDirectory, holdDirectory } from "./beneath.ts";
import type { EntryReader } from "./entry-reader.ts";
import { reasonOf, specialReason } from "./file-reasons.ts";

/** One directory of this machine at its place in the site. */
export interface ResolvedRoot {
  readonly at: BytePath;
  /** Without links; latin1, as BytePath. */
  readonly real: string;
}

interface Listing {
  readonly entryOf: EntryReader;
  /** Not the site's: Lifeboat's own files, and what another root stands in front of. `file` is where it lies. */
  readonly skips: (path: BytePath, file: string) => boolean;
  readonly add: (entry: ListedEntry) => void;
  readonly leaveOut: (left: LeftOut) => void;
}

/** How many stats are taken before the caller may let others have a turn. */
const chunk = 256;

/** Adds what `file` is to the listing. Returns its entry. */
const add = (path: BytePath, file: string, listing: Listing): ListedEntry | undefined => {
  try {
    const stat = lstatSync(Buffer.from(file, "latin1"), { bigint: true });
    const entry = listing.entryOf(path, stat, file);
    if (entry) listing.add(entry);
    else listing.leaveOut({ path, reason: specialReason(stat) });
    return entry;
  } catch (error) {
    // Gone since its folder was read: it was not there when it was listed.
    if (errorCode(error) !== "ENOENT") listing.leaveOut({ path, reason: reasonOf(error) });
    return undefined;
  }
};

/** Adds what lies in a folder that is held open; tells the folders in it to `found`. */
function* listHeld(
  folder: BytePath,
  held: HeldDirectory,
  listing: Listing & { readonly found: (path: BytePath) => void },
): Generator<void, void, void> {
  const names = readdirSync(held.prefix, "latin1");
  const inFolder = folder === "" ? "" : `${folder}/`;
  for (let start = 0; start < names.length; start += chunk) {
    for (const name of names.slice(start, start + chunk)) {
      // The cast is safe: both parts are latin1 of raw bytes.
      const path = `${inFolder}${name}` as BytePath;
      // By its folder as it is held, not by its path: a folder on the way may become a link at any moment.
      const file = `${held.prefix}/${name}`;
      if (listing.skips(path, file)) continue;
      if (add(path, file, listing)?.kind === "directory") listing.found(path);
    }
    yield;
  }
}

/**
 * Adds what lies in one folder of a root; tells the folders in it to `found`. Throws when it is the root itself and
 * cannot be listed. The calls are synchronous: a third of the time of asynchronous ones.
 */
export function* listFolder(
  root: ResolvedRoot,
  folder: BytePath,
  listing: Listing & { readonly found: (path: BytePath) => void },
): Generator<void, void, void> {
  let held: HeldDirectory | undefined;
  try {
    held = holdDirectory(root.real, root.at === "" ? folder : folder.slice(root.at.length + 1), "list");
    yield* listHeld(folder, held, listing);
  } catch (error) {
    if (folder === root.at || errorCode(error) === undefined) throw error;
    if (errorCode(error) !== "ENOENT")
      listing.leaveOut({ path: folder, reason: `What is in it could not be listed: ${reasonOf(error)}` });
  } finally {
    held?.close();
  }
}

/**
 * Adds everything below a root to `listing`, parents before children. Yields often, so that the caller can hand on
 * what is there, let others have a turn, or stop. Throws when the root itself cannot be listed.
 */
export function* listRoot(root: ResolvedRoot, listing: Listing): Generator<void, void, void> {
  const pending: BytePath[] = [root.at];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop())
    yield* listFolder(root, folder, { ...listing, found: (path) => pending.push(path) });
}
