import type { BytePath } from "../../domain/byte-path.ts";
import { secondsOf } from "../../domain/file-time.ts";
import type { LocalRoot } from "../../ports/site-files.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { extractLarge } from "../read/extract-large.ts";
import { fail } from "../read/extract-many.ts";
import { extractSegments, type ExtractOptions, type PlacedEntry } from "../read/extract-segments.ts";
import type { Archive } from "../read/open-archive.ts";
import type { Placing } from "../threads/place-job.ts";
import { targetOf } from "../read/read-entry.ts";
import { rootPaths } from "../listing/root-paths.ts";
import type { FileStamp } from "../threads/write-new-file.ts";

export interface ExtractToRootsOptions extends ExtractOptions {
  /** Empty directories that nobody else can write into: what they hold while this runs is taken as made by it. */
  readonly roots: readonly LocalRoot[];
  /** Of the entries' names, not of the files' paths: `fs/`. Entries without it are refused. */
  readonly prefix: BytePath;
  /**
   * Whom a file is given to; absent: it stays with whoever runs this. So it does for undefined, and then it gets no
   * set-user-ID and set-group-ID bits: they would hand out the rights of whoever runs this.
   */
  readonly ownerOf?: (entry: DirectoryEntry) => FileStamp["owner"];
  /** True: folders get their mode, owner and mtime too, last of all. */
  readonly stampsFolders: boolean;
  readonly onProgress?: (done: { readonly entries: number; readonly sizeBytes: number }) => void;
}

export interface Extracted {
  readonly entries: number;
  readonly sizeBytes: number;
  /** Files, links and folders that could not be given to their owner. */
  readonly ownerRefused: number;
  /** Devices, sockets and pipes of other tools' archives: not made. */
  readonly notMade: readonly BytePath[];
}

/**
 * Unpacks entries into directories of this machine, laid out like the site; worker threads write the files. Files are
 * made new, without following anything; links come last, verbatim. Throws ArchiveInvalid at the first damaged entry;
 * what was written until then is for the caller to remove.
 */
export const extractToRoots = async (
  archive: Archive,
  selection: Iterable<number>,
  options: ExtractToRootsOptions,
): Promise<Extracted> => {
  const extraction = new Extraction(archive, options);
  const { files, links, folders, notMade } = byKind(archive, selection);
  await extraction.files(files);
  await extraction.folders(folders);
  await extraction.links(links);
  if (options.stampsFolders) await extraction.stampFolders(folders);
  return { ...extraction.done, notMade };
};

const byKind = ({ directory }: Archive, selection: Iterable<number>) => {
  const files: number[] = [];
  const links: number[] = [];
  const folders: number[] = [];
  const notMade: BytePath[] = [];
  for (const place of selection) {
    const { kind, name } = directory.at(place);
    if (kind === "file") files.push(place);
    else if (kind === "link") links.push(place);
    else if (kind === "directory") folders.push(place);
    else notMade.push(name);
  }
  // Outer folders before those in them.
  return { files, links, folders: folders.sort((a, b) => a - b), notMade };
};

const placingsAtOnce = 500;

/** One run of it. */
class Extraction {
  readonly done = { entries: 0, sizeBytes: 0, ownerRefused: 0 };
  readonly #archive: Archive;
  readonly #options: ExtractToRootsOptions;
  readonly #localPath: (path: BytePath) => string | undefined;

  constructor(archive: Archive, options: ExtractToRootsOptions) {
    this.#archive = archive;
    this.#options = options;
    this.#localPath = rootPaths(options.roots);
  }

  files(places: readonly number[]): Promise<void> {
    const { runner, signal } = this.#options;
    return extractSegments(this.#archive, places, {
      runner,
      signal,
      output: "files",
      fileOf: ({ entry }) => ({ path: this.#pathOf(entry), ...this.#stampOf(entry) }),
      onLarge: (placed) => this.#largeFile(placed),
      onFault: fail,
      onDone: (placed, ownerRefused) => this.#count(placed, ownerRefused),
    });
  }

  async #largeFile({ place, entry }: PlacedEntry): Promise<void> {
    const { runner, signal } = this.#options;
    const path = this.#pathOf(entry);
    await this.#place([{ kind: "newFile", path }]);
    try {
      await extractLarge(this.#archive, place, { runner, signal, path });
    } catch (error) {
      // Slices were written before the last of them could be checked.
      await this.#place([{ kind: "removeFile", path }]);
      throw error;
    }
    await this.#place([{ kind: "stamp", path, stamp: this.#stampOf(entry) }]);
  }

  async folders(places: readonly number[]): Promise<void> {
    const { directory } = this.#archive;
    await this.#inBatches(places, (place) => ({ kind: "folder", path: this.#pathOf(directory.at(place)) }));
    this.done.entries += places.length;
  }

  async links(places: readonly number[]): Promise<void> {
    const { runner, signal } = this.#options;
    const placings: Placing[] = [];
    await extractSegments(this.#archive, places, {
      runner,
      signal,
      output: "return",
      onContent: async ({ entry }, content) => {
        const { mtime, owner } = this.#stampOf(entry);
        const target = targetOf(entry.name, content);
        const link = { kind: "link" as const, path: this.#pathOf(entry), target, mtime };
        placings.push(owner === undefined ? link : { ...link, owner });
      },
      // Links are no longer than a path: the directory has been checked for that.
      onLarge: ({ entry }) => Promise.reject(new ArchiveInvalid("BadRecord", "It is too long.", { entry: entry.name })),
      onFault: fail,
    });
    await this.#inBatches(placings, (placing) => placing);
    this.done.entries += places.length;
  }

  /** Inner folders first: an outer one may then close itself to whoever runs this. */
  stampFolders(places: readonly number[]): Promise<void> {
    return this.#inBatches(places.toReversed(), (place) => {
      const entry = this.#archive.directory.at(place);
      return { kind: "stamp", path: this.#pathOf(entry), stamp: this.#stampOf(entry) };
    });
  }

  async #inBatches<Item>(items: readonly Item[], placing: (item: Item) => Placing): Promise<void> {
    for (let at = 0; at < items.length; at += placingsAtOnce) {
      this.#options.signal?.throwIfAborted();
      await this.#place(items.slice(at, at + placingsAtOnce).map(placing));
    }
  }

  async #place(placings: readonly Placing[]): Promise<void> {
    this.done.ownerRefused += (await this.#options.runner.run("place", { placings })).ownerRefused;
  }

  #count(placed: readonly PlacedEntry[], ownerRefused: number): void {
    this.done.ownerRefused += ownerRefused;
    this.done.entries += placed.length;
    for (const { entry } of placed) this.done.sizeBytes += entry.sizeBytes;
    this.#options.onProgress?.(this.done);
  }

  #pathOf({ name, kind }: DirectoryEntry): string {
    const { prefix } = this.#options;
    // The cast is safe: a part of a byte path.
    const path = name.slice(prefix.length, kind === "directory" ? -1 : undefined) as BytePath;
    const local = name.startsWith(prefix) ? this.#localPath(path) : undefined;
    if (local === undefined)
      throw new ArchiveInvalid("BadName", "It lies in none of the target's directories.", { entry: name });
    return local;
  }

  #stampOf(entry: DirectoryEntry): FileStamp {
    const { ownerOf } = this.#options;
    const owner = ownerOf?.(entry);
    const isForeign = ownerOf !== undefined && owner === undefined;
    const mode = (entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644)) & (isForeign ? 0o1777 : 0o7777);
    const mtime = secondsOf(entry.mtimeNs);
    return owner === undefined ? { mode, mtime } : { mode, mtime, owner };
  }
}
