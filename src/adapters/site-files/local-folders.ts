import { lstatSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { errorCode } from "../../domain/error-code.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { SiteFolders } from "../../ports/site-files.ts";
import type { EntryReader } from "./entry-reader.ts";
import { reasonOf, unlistable } from "./file-reasons.ts";
import { listFolder, type ResolvedRoot } from "./list-root.ts";
import { skipperOf } from "./skipped-paths.ts";

/** Which directory of this machine stands where in the site. */
interface Roots {
  /** The directory that holds a path, and the path below it; "" is the directory itself. */
  readonly find: (path: BytePath) => { readonly root: ResolvedRoot; readonly rest: string } | undefined;
  /** Where the site's other directories stand. */
  readonly othersOf: (root: ResolvedRoot) => readonly BytePath[];
  readonly entryOf: EntryReader;
}

/** How long the thread is kept before others have a turn. */
const turnMilliseconds = 10;

export const localFolders = (roots: Roots): SiteFolders => ({
  async *changed(folders, sinceNs, signal) {
    let turnStarted = performance.now();
    for (const { path, mtimeNs } of folders) {
      const now = folderTime(roots, path);
      if (now !== undefined && (now !== mtimeNs || now > sinceNs)) yield path;
      if (performance.now() - turnStarted < turnMilliseconds) continue;
      await setImmediate();
      signal?.throwIfAborted();
      turnStarted = performance.now();
    }
  },

  look: async (path, signal) => {
    signal?.throwIfAborted();
    const mtimeNs = folderTime(roots, path);
    const root = roots.find(path)?.root;
    if (mtimeNs === undefined || root === undefined) return undefined;
    const entries: ListedEntry[] = [];
    const leftOut: LeftOut[] = [];
    const listing = {
      add: (entry: ListedEntry) => void entries.push(entry),
      leaveOut: (left: LeftOut) => void leftOut.push(left),
      found: () => undefined,
      skips: skipperOf(root, roots.othersOf(root)),
      entryOf: roots.entryOf,
    };
    try {
      for (const _ of listFolder(root, path, listing)) signal?.throwIfAborted();
    } catch (error) {
      throw errorCode(error) === undefined ? error : unlistable(root, reasonOf(error), error);
    }
    return { mtimeNs, entries, leftOut };
  },
});

/** Undefined when it is no folder any more, or lies deeper than a path can tell. */
const folderTime = ({ find }: Roots, path: BytePath): bigint | undefined => {
  const found = find(path);
  if (found === undefined) return undefined;
  const { root, rest } = found;
  const folder = rest === "" ? root.real || "/" : `${root.real}/${rest}`;
  try {
    const stat = lstatSync(Buffer.from(folder, "latin1"), { bigint: true });
    return stat.isDirectory() ? stat.mtimeNs : undefined;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
};
