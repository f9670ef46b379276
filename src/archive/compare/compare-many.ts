import { hash } from "node:crypto";
import { pathBytes, type BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { hashSiteFiles, type FileToHash, type HashOptions } from "./hash-site-files.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { mergeNames } from "./merge-names.ts";

/** How an entry of an archive stands to what the site has at its path. */
export const verdict = {
  /** The site has nothing there. */
  absent: 0,
  /** Same kind and same content, by hash. Mode, owner and times may differ. */
  equal: 1,
  differs: 2,
  /** A file where a folder or link should be, or the other way round. */
  otherKind: 3,
  /** The site's file cannot be read. */
  unreadable: 4,
  /** Not asked for, or the archive has no content hash (it is of another tool): nothing was read. */
  unknown: 5,
} as const;

export interface Comparison {
  /** One `verdict` a place of the archive's directory; `absent` for entries that are no files of the site (dumps). */
  readonly verdicts: Uint8Array;
  /** The place in the listing for a place of the archive; -1 where the site has nothing. */
  readonly listedAt: Int32Array;
  /** Places of the listing whose name the archive does not have, in order. */
  readonly onlyListed: readonly number[];
}

interface CompareOptions extends HashOptions {
  /** Whether a path of the site is to be compared; all are when absent. */
  readonly wants?: (path: BytePath) => boolean;
  /** A verdict for a file that both have, without reading it; undefined where only its content can tell. */
  readonly decide?: (place: number, archived: DirectoryEntry, listed: ListedEntry) => number | undefined;
  readonly onProgress?: (done: { readonly files: number; readonly sizeBytes: number }) => void;
}

interface Site {
  /** Sorted. */
  readonly listing: ListingColumns;
  readonly files: SiteFiles;
}

/**
 * Compares an archive with what a site has now, contents by hash: every file that both have with one length is read.
 */
export const compareMany = async (
  directory: DirectoryColumns,
  site: Site,
  options: CompareOptions,
): Promise<Comparison> => {
  const comparison = compareNames(directory, site.listing);
  const { verdicts } = comparison;
  let files = 0;
  let sizeBytes = 0;
  await hashSiteFiles(site.files, filesToHash(directory, { ...comparison, ...site }, options), {
    ...options,
    onHash: (place, outcome) => {
      verdicts[place] = verdict.differs;
      if (outcome.state === "unreadable") verdicts[place] = verdict.unreadable;
      else if (outcome.state === "hashed" && isSame(directory.at(place).hash, outcome.hash))
        verdicts[place] = verdict.equal;
      files++;
      sizeBytes += directory.sizeBytes(place);
      options.onProgress?.({ files, sizeBytes });
    },
  });
  return comparison;
};

/** What names alone say; where both have the name, the verdict is open. */
const compareNames = (directory: DirectoryColumns, listing: ListingColumns): Comparison => {
  const verdicts = new Uint8Array(directory.length);
  const listedAt = new Int32Array(directory.length).fill(-1);
  const onlyListed: number[] = [];
  for (const { archived, listed } of mergeNames(directory, listing)) {
    if (archived === undefined) onlyListed.push(listed);
    else if (listed !== undefined) listedAt[archived] = listed;
    else if (hasTwin(directory, listing, archived)) verdicts[archived] = verdict.otherKind;
  }
  return { verdicts, listedAt, onlyListed };
};

/** A folder of the name of a file or link, or the other way round. */
const hasTwin = (directory: DirectoryColumns, listing: ListingColumns, place: number): boolean => {
  const name = directory.name(place);
  if (!name.startsWith(filesPrefix)) return false;
  const path = name.slice(filesPrefix.length);
  // The cast is safe: a byte path without or with its last slash.
  return listing.find((path.endsWith("/") ? path.slice(0, -1) : `${path}/`) as BytePath) >= 0;
};

/** Decides what can be decided without reading; the rest is to be read. */
function* filesToHash(
  directory: DirectoryColumns,
  { listing, verdicts, listedAt }: Site & Comparison,
  { wants, decide }: CompareOptions,
): Generator<FileToHash> {
  for (let place = 0; place < directory.length; place++) {
    const at = listedAt[place] ?? -1;
    if (at < 0) continue;
    const archived = directory.at(place);
    const listed = listing.at(at);
    const decided = archived.kind === listed.kind ? decide?.(place, archived, listed) : undefined;
    if (wants && !wants(listed.path)) verdicts[place] = verdict.unknown;
    else if (archived.kind !== listed.kind) verdicts[place] = verdict.otherKind;
    else if (archived.kind === "directory") verdicts[place] = verdict.equal;
    else if (decided !== undefined) verdicts[place] = decided;
    else if (archived.hash === undefined) verdicts[place] = verdict.unknown;
    else if (listed.kind === "link") verdicts[place] = isTarget(archived.hash, listed.target);
    else if (archived.sizeBytes !== listed.sizeBytes) verdicts[place] = verdict.differs;
    else yield { id: place, path: listed.path, sizeBytes: listed.sizeBytes };
  }
}

const isSame = (archived: Uint8Array | undefined, found: Uint8Array): boolean =>
  archived !== undefined && Buffer.compare(archived, found) === 0;

const isTarget = (archived: Uint8Array, target: BytePath | undefined): number =>
  target !== undefined && isSame(archived, hash("sha256", pathBytes(target), "buffer"))
    ? verdict.equal
    : verdict.differs;
