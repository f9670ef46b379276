import { closeSync, constants, fstatSync, lstatSync, read } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { isOwnPath } from "../../domain/own-names.ts";
import type { FolderLister } from "../../ports/folder-lister.ts";
import { FileUnreadable, type LocalRoot, type SiteFiles, type SiteFolders } from "../../ports/site-files.ts";
import { holdDirectory, openBeneath, realRoot } from "./beneath.ts";
import { type EntryReader, entryReader } from "./entry-reader.ts";
import { readable } from "./exchange/places.ts";
import { attributesNotKept } from "./extended-attributes.ts";
import { reasonOf, saysGone, unlistable } from "./file-reasons.ts";
import { fileSystemNow } from "./file-system-clock.ts";
import { listInThreads } from "./list-in-threads.ts";
import { listRoot, type ResolvedRoot } from "./list-root.ts";
import { localFolders } from "./local-folders.ts";
import { skipperOf } from "./skipped-paths.ts";
import { PagesRefused, sqlitePages } from "./sqlite-pages.ts";
import { isSteady } from "./steady-file-systems.ts";

const batchSize = 1_000;
/** How long the listing keeps the thread before it lets others have a turn. */
const turnMilliseconds = 10;

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

interface Batch {
  readonly entries: readonly ListedEntry[];
  readonly leftOut: readonly LeftOut[];
}

/** A path of the site: its directory, and the path below that. */
interface Located {
  readonly root: ResolvedRoot;
  readonly rest: string;
}

/** Files of a site that are directories of this machine: one home, or several directories at their places in it. */
export class LocalDirectory implements SiteFiles {
  readonly localRoots: readonly LocalRoot[];
  readonly folders: SiteFolders = localFolders({
    find: (path) => this.#find(path),
    othersOf: (root) => this.#others(root),
    entryOf: (...given) => this.#entryOf(...given),
  });
  /** As of the last listing: a root that is a link leads to the same directory for the whole of a backup. */
  #resolved: readonly ResolvedRoot[] | undefined;
  #entryOf: EntryReader = entryReader();
  readonly #lister: FolderLister | undefined;

  /** Folders are listed on the calling thread where there is no lister. */
  constructor(roots: readonly LocalRoot[], lister?: FolderLister) {
    this.#lister = lister;
    // Outer directories first, so that parents are told before children.
    this.localRoots = roots.toSorted((a, b) => a.at.length - b.at.length);
  }

  get listedRoots(): readonly LocalRoot[] | undefined {
    const roots = this.#resolved?.map(({ at, real }) => ({ at, real, directory: readable(real || "/") }));
    if (roots?.some(({ real, directory }) => Buffer.from(directory).toString("latin1") !== (real || "/"))) return;
    return roots?.map(({ at, directory }) => ({ at, directory }));
  }

  at(roots: readonly LocalRoot[]): SiteFiles {
    return new LocalDirectory(roots, this.#lister);
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
  async *list(signal?: AbortSignal): AsyncGenerator<Batch> {
    this.#resolved = undefined;
    this.#entryOf = entryReader();
    if (this.#lister === undefined) yield* this.#listHere(signal);
    else yield* this.#listThere(this.#lister, signal);
  }

  async *#listThere(lister: FolderLister, signal: AbortSignal | undefined): AsyncGenerator<Batch> {
    for (const root of this.#roots()) {
      const own = this.#ownEntry(root);
      if (own) yield { entries: [own], leftOut: [] };
      yield* listInThreads(lister, { root, others: this.#others(root) }, signal);
    }
  }

  /** One batch of many entries at a time, and others have a turn in between. */
  async *#listHere(signal: AbortSignal | undefined): AsyncGenerator<Batch> {
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

  async *databasePages(path: BytePath, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { root, rest } = this.#locate(path);
    try {
      yield* sqlitePages(`${root.real}/${rest}`, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PagesRefused)) throw new FileUnreadable(path, reasonOf(error), { cause: error });
      throw new FileUnreadable(path, error.message, { cause: error, passes: error.passes });
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
        if (!isOwnPath(lost.path, root.at) && this.#locate(lost.path).root.at === root.at) yield lost;
  }

  *#visit(batch: { readonly entries: ListedEntry[]; readonly leftOut: LeftOut[] }): Generator<void, void, void> {
    for (const root of this.#roots()) {
      const own = this.#ownEntry(root);
      if (own) batch.entries.push(own);
      try {
        yield* listRoot(root, {
          add: (entry) => void batch.entries.push(entry),
          leaveOut: (left) => void batch.leftOut.push(left),
          skips: skipperOf(root, this.#others(root)),
          entryOf: this.#entryOf,
        });
      } catch (error) {
        throw unlistable(root, reasonOf(error), error);
      }
    }
  }

  /** Of a root that is not the whole home. */
  #ownEntry(root: ResolvedRoot): ListedEntry | undefined {
    try {
      return root.at === "" ? undefined : this.#entryAt(root.at, root.real);
    } catch (error) {
      throw unlistable(root, reasonOf(error), error);
    }
  }

  #others(root: ResolvedRoot): readonly BytePath[] {
    return this.localRoots.map(({ at }) => at).filter((at) => at !== root.at);
  }

  #entryBeneath(path: BytePath, root: ResolvedRoot, rest: string): ListedEntry | undefined {
    const slash = Math.max(rest.lastIndexOf("/"), 0);
    const held = holdDirectory(root.real, rest.slice(0, slash), "reach");
    try {
      const file = `${held.prefix}/${rest.slice(slash === 0 ? 0 : slash + 1)}`;
      return skipperOf(root, this.#others(root))(path, file) ? undefined : this.#entryAt(path, file);
    } finally {
      held.close();
    }
  }

  #entryAt(path: BytePath, file: string): ListedEntry | undefined {
    return this.#entryOf(path, lstatSync(Buffer.from(file, "latin1"), { bigint: true }), file);
  }

  #roots(): readonly ResolvedRoot[] {
    this.#resolved ??= this.localRoots.map(resolveRoot);
    return this.#resolved;
  }

  #find(path: BytePath): Located | undefined {
    const root = this.#roots().findLast(({ at }) => isBelow(path, at));
    return root && { root, rest: root.at === "" ? path : path.slice(root.at.length + 1) };
  }

  #locate(path: BytePath): Located {
    const located = this.#find(path);
    if (!located) throw new FileUnreadable(path, "It lies in none of the site's directories.");
    return located;
  }
}
