import type { BytePath } from "../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../domain/listing.ts";

/** A directory of this machine and where it lies in the site: `{ at: "site/wwwroot", directory: "/srv/shop" }`; `at` "" is the whole home. */
export interface LocalRoot {
  readonly at: BytePath;
  readonly directory: string;
}

/** A file could not be read as listed; the reason is fit for the backup's log. */
export class FileUnreadable extends Error {
  readonly path: BytePath;
  /** Whether the next try may well succeed. */
  readonly passes: boolean;

  constructor(
    path: BytePath,
    reason: string,
    { passes = false, ...options }: { cause?: unknown; passes?: boolean } = {},
  ) {
    super(reason, options);
    this.name = "FileUnreadable";
    this.path = path;
    this.passes = passes;
  }
}

/** A folder of a site as it was told: by its own time, unless nobody has looked into it yet. */
export interface Folder {
  readonly path: BytePath;
  readonly mtimeNs: bigint | undefined;
}

/** Folders one by one, for a listing that takes its time. */
export interface SiteFolders {
  /** Those of these folders whose own time is another by now, or later than `sinceNs`; not those that are gone. */
  changed(folders: Iterable<Folder>, sinceNs: bigint, signal?: AbortSignal): AsyncIterable<BytePath>;

  /** What lies in a folder, not what is in folders there, and its own time before it was read. Undefined: it is gone. */
  look(
    path: BytePath,
    signal?: AbortSignal,
  ): Promise<
    | { readonly mtimeNs: bigint; readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }
    | undefined
  >;
}

/** The files of one site, for reading. */
export interface SiteFiles {
  /** True where ctime and inode are told and change with every edit: only then does equal metadata prove "unchanged". */
  readonly provesUnchanged: boolean;

  /** Set where the files lie on this machine: worker threads then read them there, without a detour over this thread. */
  readonly localRoots?: readonly LocalRoot[];

  /**
   * Everything below the home in batches, parents before children, in no particular order otherwise. What cannot be
   * listed or kept (unreadable folder, device, socket, pipe) comes as left out. Links are told, never followed.
   */
  list(
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }>;

  /** Where the files lay when they were listed, links resolved; undefined before, and where that cannot be told. */
  readonly listedRoots?: readonly LocalRoot[] | undefined;

  /** The files that lie there, whatever has become of the site's definition or of a link that led there. */
  at?(roots: readonly LocalRoot[]): SiteFiles;

  /** Absent where a listing is of one moment. */
  readonly folders?: SiteFolders;

  /**
   * What a backup of all files still lacks: a line for the log for each file with extended attributes or an access
   * list, or one line that says why nobody looked. Absent where files have no such things.
   */
  attributesNotKept?(signal?: AbortSignal): AsyncIterable<LeftOut>;

  /** The file system's own time in nanoseconds: what it would stamp on a file written now. */
  now(): Promise<bigint>;

  /** Up to `length` bytes from `offset`; fewer only at the end of the file. Throws FileUnreadable. */
  read(path: BytePath, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;

  /**
   * The pages of a SQLite database in order, as of one commit, while others write to it. Absent where SQLite cannot reach
   * the files. Throws FileUnreadable when they are not to be had so: it is kept locked, or has to be recovered first.
   */
  databasePages?(path: BytePath, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /** The entry as it is now, or undefined when it is gone. */
  stat(path: BytePath): Promise<ListedEntry | undefined>;
}
