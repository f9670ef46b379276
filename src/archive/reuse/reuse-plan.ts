import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { pathBytes, type BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { hashSiteFiles, type FileToHash, type HashOptions } from "../compare/hash-site-files.ts";
import { ListingColumns } from "../listing/listing-columns.ts";
import { encodeLocalHeader } from "../records/local-header.ts";
import { mergeNames } from "../compare/merge-names.ts";
import { isSameFile, statFile } from "../listing/read-carefully.ts";
import { isSameRow } from "../directory/row-meta.ts";
import { unsettledNs } from "../listing/unsettled.ts";

/** Which of `every` runs this is: what is taken on trust is looked at again in one of them. */
export interface Reread {
  /** Counts the site's backups. */
  readonly run: number;
  /** At least 1: everything, every time. */
  readonly every: number;
}

/** What of today's listing is copied out of the previous archive instead of being packed. */
export interface ReusePlan {
  /** For every place of the listing the place of the previous archive to copy; -1: pack it. */
  readonly archivedAt: Int32Array<ArrayBuffer>;
  /** Entries to copy. */
  readonly copied: number;
  /** Bytes of the previous archive that they take, headers not counted. */
  readonly copiedBytes: number;
  /**
   * Files whose metadata said "unchanged" and whose content was another when it was read again: packed, and worth a
   * warning, for something changes content behind the file system's back.
   */
  readonly disagreed: readonly BytePath[];
}

interface ReuseOptions extends HashOptions {
  readonly reread: Reread;
  /** Asked before a file is read. Without time what only its content could prove is packed, by steps of their own. */
  readonly hasTime?: () => boolean;
}

interface Today {
  /** Sorted, and filtered: what is not in it is not reused. */
  readonly listing: ListingColumns;
  readonly files: SiteFiles;
}

/** An entry is copied within one step, which has minutes: larger ones are packed, slice by slice, by many. */
const mostStoredBytes = 16 * 2 ** 30;

/**
 * Decides what is unchanged since the previous archive. Metadata proves it only where the host tells ctime and inode;
 * elsewhere, and of some entries every time, the file is read and its content hash compared. Entries that are flagged
 * (changed while read, or too shortly before) are packed. Whatever is in doubt is packed.
 */
export const planReuse = async (
  previous: DirectoryColumns,
  today: Today,
  options: ReuseOptions,
): Promise<ReusePlan> => {
  const { listing, files } = today;
  const archivedAt = new Int32Array(listing.length).fill(-1);
  const doubted: number[] = [];
  const suspectAfterNs = (await files.now()) - unsettledNs;
  const proves = files.provesUnchanged;
  const hasTime = options.hasTime ?? (() => true);

  function* filesToHash(): Generator<FileToHash> {
    for (const { archived, listed } of mergeNames(previous, listing)) {
      if (archived === undefined || listed === undefined) continue;
      if (
        proves &&
        isProvenRow(previous, archived, { listing, listed }) &&
        !isReread(listing.name(listed), options.reread)
      ) {
        archivedAt[listed] = archived;
        continue;
      }
      const then = previous.at(archived);
      const now = listing.at(listed);
      if (!couldBeSame(then, now)) continue;
      const isProof = now.kind !== "file" || (proves && isProven(then, now));
      const isRead = now.kind === "file" && (!isProof || isReread(now.path, options.reread)) && hasTime();
      if (!isProof && !isRead) continue;
      // What is read now and changes again shortly could never be told from what was read.
      if (isRead && (now.ctimeNs ?? now.mtimeNs) > suspectAfterNs) continue;
      archivedAt[listed] = archived;
      if (isRead) yield { id: listed, path: now.path, sizeBytes: now.sizeBytes };
    }
  }

  await hashSiteFiles(files, filesToHash(), {
    ...options,
    onHash: (listed, outcome) => {
      const then = previous.at(archivedAt[listed] ?? -1);
      if (outcome.state === "hashed" && then.hash && Buffer.compare(then.hash, outcome.hash) === 0) return;
      archivedAt[listed] = -1;
      if (outcome.state === "hashed" && proves && isProven(then, listing.at(listed))) doubted.push(listed);
    },
  });
  return { archivedAt, ...sums(archivedAt, previous), disagreed: await stillAsListed(doubted, today) };
};

/** What is left to pack: the entries of the listing that are not copied, and no others. */
export const entriesToPack = (
  listing: ListingColumns,
  plan: Pick<ReusePlan, "archivedAt" | "copied">,
): ListingColumns => {
  if (plan.copied === 0) return listing;
  const rest = new ListingColumns();
  for (const [listed, archived] of plan.archivedAt.entries()) if (archived < 0) rest.append(listing.at(listed));
  return rest;
};

const sums = (archivedAt: Int32Array, previous: DirectoryColumns): Pick<ReusePlan, "copied" | "copiedBytes"> => {
  let copied = 0;
  let copiedBytes = 0;
  for (const archived of archivedAt) {
    if (archived < 0) continue;
    copied++;
    copiedBytes += previous.storedBytes(archived);
  }
  return { copied, copiedBytes };
};

/** A file that was edited between the listing and the second look is no wonder. */
const stillAsListed = async (places: readonly number[], { listing, files }: Today): Promise<readonly BytePath[]> => {
  const paths: BytePath[] = [];
  for (const place of places) {
    const listed = listing.at(place);
    const now = await statFile(files, listed);
    if (!("reason" in now) && isSameFile(listed, now)) paths.push(listed.path);
  }
  return paths;
};

/** What `couldBeSame` and `isProven` say of most entries, asked of the columns: a file or folder of which nothing changed. */
const isProvenRow = (
  previous: DirectoryColumns,
  archived: number,
  { listing, listed }: { readonly listing: ListingColumns; readonly listed: number },
): boolean => {
  const kind = previous.kind(archived);
  if (!previous.isCopyable(archived) || !isSameRow(previous, archived, listing, listed)) return false;
  if (kind === "directory") return true;
  return (
    kind === "file" &&
    previous.hasHash(archived) &&
    previous.storedBytes(archived) <= mostStoredBytes &&
    previous.sizeBytes(archived) === listing.sizeBytes(listed)
  );
};

/** Whether an entry may be copied if its content is the same: its local header, which is copied too, would be. */
const couldBeSame = (then: DirectoryEntry, now: ListedEntry): boolean => {
  if (then.storedCrc === undefined || then.changedWhileRead || then.mayHaveChanged || then.kind !== now.kind)
    return false;
  if (then.storedBytes > mostStoredBytes || !isSameHeader(then, now.mtimeNs)) return false;
  if (now.kind === "directory") return true;
  if (then.hash === undefined) return false;
  if (now.kind === "file") return then.sizeBytes === now.sizeBytes;
  return now.target !== undefined && Buffer.compare(hash("sha256", pathBytes(now.target), "buffer"), then.hash) === 0;
};

/** Headers hold the time too, though only in seconds. */
const isSameHeader = (then: DirectoryEntry, mtimeNs: bigint): boolean =>
  then.mtimeNs === mtimeNs || Buffer.compare(encodeLocalHeader(then), encodeLocalHeader({ ...then, mtimeNs })) === 0;

const isProven = (then: DirectoryEntry, now: ListedEntry): boolean =>
  now.ctimeNs !== undefined &&
  now.inode !== undefined &&
  then.ctimeNs === now.ctimeNs &&
  then.inode === now.inode &&
  then.mtimeNs === now.mtimeNs &&
  then.mode === now.mode &&
  then.uid === now.uid &&
  then.gid === now.gid;

/** Spreads the entries evenly over the runs, each always to the same ones. */
const isReread = (path: BytePath, { run, every }: Reread): boolean => crc32(pathBytes(path)) % every === run % every;
