import type { BytePath } from "./byte-path.ts";

export type EntryKind = "file" | "directory" | "link";

/** One thing found in a site, as it was when it was listed (the stat *before* any read). */
export interface ListedEntry {
  /** Below the site's home, e.g. `site/wwwroot/index.html`; no trailing slash on directories. */
  readonly path: BytePath;
  readonly kind: EntryKind;
  /** Bytes of a file; 0 for directories and links. */
  readonly sizeBytes: number;
  /** Permission bits including setuid, setgid and sticky (07777), without the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of owner and group where the host knows them; used at restore when ids differ between machines. */
  readonly owner?: string;
  readonly group?: string;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Only where the host has them, and only then does metadata prove "unchanged". */
  readonly ctimeNs?: bigint;
  readonly inode?: bigint;
  /** Of a file that has further names (hard links): what is set of it is set of them, too. */
  readonly isShared?: true;
  /** A link's target, verbatim. */
  readonly target?: BytePath;
}

/** What is not in the backup though it was there, and why; goes to the backup's log. */
export interface LeftOut {
  readonly path: BytePath;
  readonly reason: string;
}
