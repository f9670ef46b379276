import { closeSync, constants, fstatSync, lstatSync, read, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { type BytePath, pathFromText } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { isOwnPath, offlinePageName, offlinePageRun } from "../../domain/own-names.ts";
import { FileUnreadable, type LocalRoot, type SiteFiles } from "../../ports/site-files.ts";
import { holdDirectory, openBeneath, realRoot } from "./beneath.ts";
import { type EntryReader, entryReader } from "./entry-reader.ts";
import { attributesNotKept } from "./extended-attributes.ts";
import { reasonOf, saysGone } from "./file-reasons.ts";
import { fileSystemNow } from "./file-system-clock.ts";
import { listRoot, type ResolvedRoot } from "./list-root.ts";
import { isSteady } from "./steady-file-systems.ts";

const batchSize = 1_000;
/** How long the listing keeps the thread before it lets others have a turn. */
const turnMilliseconds = 10;

const offlinePagePath = pathFromText(`site/wwwroot/${offlinePageName}`);
const offlinePageLimit = 4_096;

const readAt = promisify(read);
const isBelow = (path: string, at: string): boolean => at === "" || path === at || path.startsWith(`${at}/`);

const fill = async (descriptor: number, bytes: Buffer, offset: number): Promise<number> => {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await readAt(descriptor, bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
};

const resolveRoot = ({ at, directory }: LocalRoot): ResolvedRoot => {
  try {
    return { at, real: realRoot(directory) };
  } catch (error) {
    throw new FileUnreadable(at, `${directory} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
};

const isOwnOfflinePage = (file: string): boolean => {
  const bytes = Buffer.from(file, "latin1");
  const stat = lstatSync(bytes, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > offlinePageLimit) return false;
  try {
    return offlinePageRun(readFileSync(bytes, "utf8")) !== undefined;
  } catch {
    // Unreadable, so not known to be ours: listed, and named in the log when it cannot be read.
    return false;
  }
};

/** Files of a site that are directories of this machine: one home, or several directories at their places in it. */
export class LocalDirectory implements SiteFiles {
  readonly localRoots: readonly LocalRoot[];
  /** As of the last listing: a root that is a link leads to the same directory for the whole of a backup. */
  #resolved: readonly ResolvedRoot[] | undefined;
  #entryOf: EntryReader = entryReader();

  constructor(roots: readonly LocalRoot[]) {
    // Outer directories first, so that parents are told before children.
    this.localRoots = roots.toSorted((a, b) => a.at.length - b.at.length);
  }

  /** True when all directories lie on file systems whose ctime and inode tell every edit (steady-file-systems.ts). */
  get provesUnchanged(): boolean {
    try {
      return this.#roots().every((root) => isSteady(Buffer.from(root.real || "/", "latin1")));
    } catch {
      // Nothing is proven by a directory that cannot be reached; the listing will say why.
      return false;
    }
  }

  /** Throws FileUnreadable when one of the directories themselves cannot be listed. */
  async *list(
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }> {
    this.#resolved = undefined;
    this.#entryOf = entryReader();
    const batch = { entries: new Array<ListedEntry>(), leftOut: new Array<LeftOut>() };
    let turnStarted = performance.now();
    for (const _ of this.#visit(batch)) {
      signal?.throwIfAborted();
      if (batch.entries.length + batch.leftOut.length >= batchSize)
        yield { entries: batch.entries.splice(0), leftOut: batch.leftOut.splice(0) };
      if (performance.now() - turnStarted < turnMilliseconds) continue;
      await setImmediate();
      turnStarted = performance.now();
    }
    if (batch.entries.length + batch.leftOut.length > 0) yield batch;
  }

  async now(): Promise<bigint> {
    const times = this.#roots().map((root) => fileSystemNow(Buffer.from(root.real || "/", "latin1")));
    // Of several file systems the one that is behind: nothing it stamps from here on may look older than "now".
    return times.reduce((least, time) => (time < least ? time : least));
  }

  async read(path: BytePath, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    try {
      const { root, rest } = this.#locate(path);
      // Without O_NONBLOCK a pipe that took the file's place would be waited for.
      const descriptor = openBeneath(root.real, rest, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const stat = fstatSync(descriptor);
        if (!stat.isFile()) throw new FileUnreadable(path, "It is not a file any more.");
        const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, stat.size - offset)));
        return bytes.subarray(0, await fill(descriptor, bytes, offset));
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw error instanceof FileUnreadable ? error : new FileUnreadable(path, reasonOf(error), { cause: error });
    }
  }

  async stat(path: BytePath): Promise<ListedEntry | undefined> {
    try {
      const { root, rest } = this.#locate(path);
      return rest === "" ? this.#entryAt(path, root.real) : this.#entryBeneath(path, root, rest);
    } catch (error) {
      if (saysGone(error)) return undefined;
      throw error instanceof FileUnreadable ? error : new FileUnreadable(path, reasonOf(error), { cause: error });
    }
  }

  async *attributesNotKept(signal?: AbortSignal): AsyncGenerator<LeftOut> {
    for (const root of this.#roots())
      for await (const lost of attributesNotKept(root, signal))
        if (!isOwnPath(lost.path, root.at) && this.#locate(lost.path).root === root) yield lost;
  }

  *#visit(batch: { readonly entries: ListedEntry[]; readonly leftOut: LeftOut[] }): Generator<void, void, void> {
    for (const root of this.#roots()) {
      try {
        const own = root.at === "" ? undefined : this.#entryAt(root.at, root.real);
        if (own) batch.entries.push(own);
        const skips = (path: BytePath, file: string): boolean => this.#skips(path, root, file);
        yield* listRoot(root, { ...batch, skips, entryOf: this.#entryOf });
      } catch (error) {
        throw new FileUnreadable(root.at, `${root.real || "/"} cannot be listed: ${reasonOf(error)}`, { cause: error });
      }
    }
  }

  #entryBeneath(path: BytePath, root: ResolvedRoot, rest: string): ListedEntry | undefined {
    const slash = Math.max(rest.lastIndexOf("/"), 0);
    const held = holdDirectory(root.real, rest.slice(0, slash), "reach");
    try {
      const file = `${held.prefix}/${rest.slice(slash === 0 ? 0 : slash + 1)}`;
      return this.#skips(path, root, file) ? undefined : this.#entryAt(path, file);
    } finally {
      held.close();
    }
  }

  #entryAt(path: BytePath, file: string): ListedEntry | undefined {
    return this.#entryOf(path, lstatSync(Buffer.from(file, "latin1"), { bigint: true }), file);
  }

  /** What is not the site's own: Lifeboat's files, and what another directory of the site stands in front of. */
  #skips(path: BytePath, root: ResolvedRoot, file: string): boolean {
    if (isOwnPath(path, root.at)) return true;
    if (path === offlinePagePath) return isOwnOfflinePage(file);
    return this.localRoots.length > 1 && this.localRoots.some(({ at }) => at !== root.at && at === path);
  }

  #roots(): readonly ResolvedRoot[] {
    this.#resolved ??= this.localRoots.map(resolveRoot);
    return this.#resolved;
  }

  #locate(path: BytePath): { readonly root: ResolvedRoot; readonly rest: string } {
    const root = this.#roots().findLast(({ at }) => isBelow(path, at));
    if (!root) throw new FileUnreadable(path, "It lies in none of the site's directories.");
    return { root, rest: root.at === "" ? path : path.slice(root.at.length + 1) };
  }
}
