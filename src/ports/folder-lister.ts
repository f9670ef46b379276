import type { BytePath } from "../domain/byte-path.ts";
import type { LeftOut } from "../domain/listing.ts";

/** Folders of one directory of this machine, whose entries are to be told. */
export interface ListFoldersJob {
  /** The directory at its place in the site: `real` is its path without links, latin1. */
  readonly root: { readonly at: BytePath; readonly real: string };
  /** Places of the site's other directories: what stands there in this one is not seen. */
  readonly others: readonly BytePath[];
  readonly folders: readonly BytePath[];
  /** Folders found are gone into as long as fewer entries have been told. */
  readonly most: number;
}

export interface ListFoldersResult {
  /** Entries in the form that the lister's own side reads, parents before children. */
  readonly rows: EntryRows;
  readonly leftOut: readonly LeftOut[];
  /** Folders that have been told and not been gone into. */
  readonly pending: readonly BytePath[];
  /** Why the directory itself could not be listed. */
  readonly failure?: string;
}

/** Entries as columns, which travel between threads without being copied. */
export interface EntryRows {
  /** Of each: kind and what it has, mode, uid, gid, length of the path, length of the link's target. */
  readonly words: Uint32Array;
  /** Of each: size, mtime, ctime, inode. */
  readonly wide: BigInt64Array;
  /** Path and target of each, one behind the other. */
  readonly text: Uint8Array;
}

/** Threads that list folders of this machine. */
export interface FolderLister {
  readonly threads: number;
  run(kind: "listFolders", job: ListFoldersJob, signal?: AbortSignal): Promise<ListFoldersResult>;
}
