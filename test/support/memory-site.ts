import type { BytePath } from "../../src/domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../src/domain/listing.ts";
import { FileUnreadable, type SiteFiles } from "../../src/ports/site-files.ts";

export interface MemorySiteOptions {
  /** What timestamps are rounded down to; 1 by default, 2 s on FAT and some network drives. */
  readonly granularityNs?: bigint;
  /** False for a host without ctime and inode; true by default. */
  readonly provesUnchanged?: boolean;
  /** The host's clock, read for every change; by default a nanosecond later each time. */
  readonly nowNs?: () => bigint;
  /** Called before each read; throw FileUnreadable, or change the site, to see what the reader makes of it. */
  readonly beforeRead?: (path: BytePath, offset: number) => void | Promise<void>;
}

interface EntryOptions {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly owner?: string;
  readonly group?: string;
  /** As `touch` would set it; the change time is the clock's all the same. */
  readonly mtimeNs?: bigint;
}

interface Node {
  readonly entry: ListedEntry;
  readonly content: Uint8Array;
}

// The cast is safe: a part of a byte path.
const parentOf = (path: BytePath): BytePath => path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as BytePath;

const noContent = new Uint8Array(0);
const startNs = 1_700_000_000_000_000_000n;

/** A site in memory, for tests: also of hosts whose timestamps are coarse or prove nothing. */
export class MemorySite implements SiteFiles {
  readonly provesUnchanged: boolean;
  readonly #nodes = new Map<BytePath, Node>();
  readonly #unlistable = new Map<BytePath, string>();
  readonly #options: MemorySiteOptions;
  readonly #nowNs: () => bigint;
  #nextInode = 1n;

  constructor(options: MemorySiteOptions = {}) {
    let tick = startNs;
    this.#options = options;
    this.#nowNs = options.nowNs ?? (() => ++tick);
    this.provesUnchanged = options.provesUnchanged ?? true;
  }

  /** Creates a file or overwrites it where it lies; folders on the way are made. */
  writeFile(path: BytePath, content: Uint8Array, options: EntryOptions = {}): void {
    this.#put(path, "file", { mode: 0o644, ...options }, { sizeBytes: content.length, content });
  }

  makeDirectory(path: BytePath, options: EntryOptions = {}): void {
    this.#put(path, "directory", { mode: 0o755, ...options }, {});
  }

  makeLink(path: BytePath, target: BytePath, options: EntryOptions = {}): void {
    this.#put(path, "link", { mode: 0o777, ...options }, { target });
  }

  /** Removes a file, a link, or a folder with everything in it. */
  remove(path: BytePath): void {
    const inside = `${path}/`;
    for (const known of this.#nodes.keys()) if (known === path || known.startsWith(inside)) this.#nodes.delete(known);
  }

  /** Something that is there and cannot be listed, for this reason. */
  leaveOut(path: BytePath, reason: string): void {
    this.#unlistable.set(path, reason);
  }

  async *list(
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }> {
    // Parents are always older than what is in them, so the order of creation is parents first.
    const entries = [...this.#nodes.values()].map(({ entry }) => entry);
    for (let start = 0; start < entries.length; start += 1_000) {
      signal?.throwIfAborted();
      yield await Promise.resolve({ entries: entries.slice(start, start + 1_000), leftOut: [] });
    }
    signal?.throwIfAborted();
    const leftOut = [...this.#unlistable].map(([path, reason]) => ({ path, reason }));
    if (leftOut.length > 0) yield { entries: [], leftOut };
  }

  now(): Promise<bigint> {
    return Promise.resolve(this.#stamp());
  }

  async read(path: BytePath, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    await this.#options.beforeRead?.(path, offset);
    const node = this.#nodes.get(path);
    if (!node) throw new FileUnreadable(path, "It vanished (ENOENT).");
    if (node.entry.kind !== "file") throw new FileUnreadable(path, "It is not a file any more.");
    return node.content.slice(offset, offset + length);
  }

  stat(path: BytePath): Promise<ListedEntry | undefined> {
    return Promise.resolve(this.#nodes.get(path)?.entry);
  }

  #stamp(time = this.#nowNs()): bigint {
    return time - (time % (this.#options.granularityNs ?? 1n));
  }

  #put(
    path: BytePath,
    kind: ListedEntry["kind"],
    { mtimeNs, mode, uid = 0, gid = 0, ...names }: EntryOptions & { readonly mode: number },
    { sizeBytes = 0, target, content = noContent }: { sizeBytes?: number; target?: BytePath; content?: Uint8Array },
  ): void {
    const parent = parentOf(path);
    if (parent !== "" && this.#nodes.get(parent)?.entry.kind !== "directory") this.makeDirectory(parent);
    if (this.#nodes.has(path) && this.#nodes.get(path)?.entry.kind !== kind) this.remove(path);
    const before = this.#nodes.get(path);
    const now = this.#stamp();
    const proof = { ctimeNs: now, inode: before?.entry.inode ?? this.#nextInode++ };
    const entry: ListedEntry = {
      path,
      kind,
      sizeBytes,
      mode,
      uid,
      gid,
      ...names,
      mtimeNs: mtimeNs === undefined ? now : this.#stamp(mtimeNs),
      ...(this.provesUnchanged ? proof : {}),
      ...(target === undefined ? {} : { target }),
    };
    this.#nodes.set(path, { entry, content });
  }
}
