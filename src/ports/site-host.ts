import type { BytePath } from "../domain/byte-path.ts";
import type { ListedEntry } from "../domain/listing.ts";
import type { Secret } from "../domain/secret.ts";
import type { LocalRoot, SiteFiles } from "./site-files.ts";

/** One site where it lives: its files, its configuration, and the exchange of its content by a restore. */
export interface SiteHost {
  readonly files: SiteFiles;

  /** Where the files are, for messages. */
  readonly location: string;

  /** "empty" also when only directories are there; "missing" when the site's own directory is gone. */
  content(): Promise<"present" | "empty" | "missing">;

  readonly settings: SiteSettings;

  /** What run `run` needs on this host; the same run gets the same area after a restart. */
  exchange(run: string): Exchange;

  /**
   * Whom something restored belongs to here: by name where this host knows the name, else by id. Undefined: it stays with
   * whoever runs this, who may not give files away.
   */
  readonly ownerOf: (wanted: WantedOwner) => { readonly uid: number; readonly gid: number } | undefined;

  /** Runs that left an area behind (staged, kept, or in the middle of a swap). */
  exchanges(): Promise<readonly string[]>;

  /**
   * Takes the site offline for `run`; twice is not an error. "page" means only the offline page stands in front: the
   * application was not stopped, so writes during the swap are not excluded.
   */
  stop(run: string): Promise<"stopped" | "page">;

  /**
   * Puts the site online for the run that owns it, whichever run took it offline; not an error when it was not. Throws
   * SiteCommandFailed.
   */
  start(run: string): Promise<void>;
}

export type WantedOwner = Pick<ListedEntry, "uid" | "gid" | "owner" | "group">;

export class SiteCommandFailed extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "SiteCommandFailed";
  }
}

export interface SiteConfiguration {
  readonly appSettings: Readonly<Record<string, Secret>>;
  readonly connectionStrings: Readonly<Record<string, { readonly value: Secret; readonly type: string }>>;
}

export interface SiteSettings {
  read(): Promise<SiteConfiguration>;
  /**
   * Replaces both maps at once, durably; other settings of the site stay. `mayStill` is asked when all is ready but that
   * exchange, and throws where it is not to be any more. A write that stands still after it was asked changes nothing
   * once a later one has come to its end: it throws.
   */
  write(configuration: SiteConfiguration, mayStill: () => Promise<void>): Promise<void>;
}

export interface ExchangeNeed {
  /** What will be staged; 0 bytes for links and folders. */
  readonly staged: Iterable<{ readonly path: BytePath; readonly sizeBytes: number }>;
  /** Everything that changes in the site, staged or not. */
  readonly changed: Iterable<BytePath>;
}

/** One change of the live content. Parents come before children where made, after them where removed. */
export type SwapOperation =
  /** The file or link that this attempt staged goes live; what was there (a file or link) is kept. */
  | { readonly kind: "place"; readonly path: BytePath; readonly attempt: string }
  /** The live file or link is kept and gone from the site. */
  | { readonly kind: "remove"; readonly path: BytePath }
  /** Private at first: its mode, owner and mtime are set by a `setMetadata` behind all that goes into it. */
  | { readonly kind: "makeDirectory"; readonly path: BytePath }
  /** The directory is gone; putting back makes it again as it was. It is empty by then, or stays (reported). */
  | { readonly kind: "removeDirectory"; readonly path: BytePath }
  /** Same content, other mode, owner or mtime: set, and set back when put back. Directories' come last. */
  | { readonly kind: "setMetadata"; readonly entry: ListedEntry };

export interface SwapReport {
  /** What could not be done exactly (owner without privilege, directory not empty), fit for the log. */
  readonly notes: readonly string[];
}

export type ExchangeState = "none" | "staged" | "swapping" | "swapped" | "puttingBack" | "putBack";

/**
 * Staging, swap and undo of one run. Staged and kept content lies beside the site on its own file system, never in a
 * served folder. The swap is journalled: before the first rename the journal is on disk with every operation and the
 * direction; after a crash each path is decided from (live, kept, staged) by a written table.
 */
export interface Exchange {
  state(): Promise<ExchangeState>;

  /** Problems that make a restore impossible: disk too small, another file system in the way, names the host cannot hold. */
  check(need: ExchangeNeed): Promise<readonly string[]>;

  /**
   * Sentences on those names that cannot all be in the site, because its file system takes them for one: in another letter
   * case, normalised otherwise. Each of `twins` are paths in one folder.
   */
  clashes(twins: Iterable<readonly BytePath[]>): Promise<readonly string[]>;

  /**
   * Private, empty directories for one attempt's staged files, laid out like the site; those of other attempts are
   * removed, but for the ones to `keep`. Refused (throws) once a swap has begun.
   */
  stage(attempt: string, keep?: readonly string[]): Promise<readonly LocalRoot[]>;

  /** Sets the staged files' and links' mtimes to the nanosecond where that is possible; then all of it is on disk. */
  settle(attempt: string, times: Iterable<{ readonly path: BytePath; readonly mtimeNs: bigint }>): Promise<void>;

  /**
   * Makes the changes. Called again after a crash it finishes what the journal says and does not look at `operations`.
   * Throws before the first change (also when something to be placed is not staged) or not at all, short of a failing
   * disk and of a name that the file system takes for that of another file. A later call, and putting back, take over
   * from an earlier one that still runs: that one throws.
   */
  swap(operations: Iterable<SwapOperation>): Promise<SwapReport>;

  /**
   * Brings back what `swap` replaced, also after half a swap, also after a crash of itself; it takes the place of what was
   * put there since. Nothing swapped: no error. Throws when something cannot be brought back, after all the rest is; the
   * state is "puttingBack" then, and asking again tries again.
   */
  putBack(): Promise<SwapReport>;

  /** Drops staged and kept content; afterwards the state is "none". Refused while a swap is under way. */
  forget(): Promise<void>;
}
