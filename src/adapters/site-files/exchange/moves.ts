import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { errorCode, isCode } from "../../../domain/error-code.ts";
import { refuse } from "../../../domain/errors.ts";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { ListedEntry } from "../../../domain/listing.ts";
import { offlinePageName } from "../../../domain/own-names.ts";
import { holdFile } from "../beneath.ts";
import { reasonOf } from "../file-reasons.ts";
import { isOwnOfflinePage } from "../own-offline-page.ts";
import { setTime } from "../set-metadata.ts";
import { bytes, isThere } from "./area.ts";
import { besideEndings, isSqlite, moveBeside } from "./beside-database.ts";
import { listedEntry, type JournalEntry, type JournalLine } from "./journal.ts";
import { readable } from "./places.ts";

/** Where one operation finds its three places. `live` is reached through a directory held open, so no link leads away. */
export interface Places {
  readonly live: string;
  readonly kept: string;
  /** Undefined where nothing is staged. */
  readonly staged: string | undefined;
  /** Where a file is kept that may be found under the same path. */
  readonly twin?: string | undefined;
}

const ownersAll = 0o700;

/** Sets mode, owner and mtime without following a link; returns what it could not. */
export type MetadataWriter = (file: string, entry: ListedEntry) => readonly string[];

export interface MoveContext {
  readonly setMetadata: MetadataWriter;
  readonly note: (text: string) => void;
  /** Whether what is found at a path has just these names. */
  readonly isSpelled: (path: BytePath) => boolean;
}

/*
 * What is done from what is found. L live, K kept, S staged; x there, - not, . either. Every row leads to a state in
 * which asking again does nothing, so a crash between any two calls is mended by doing the operation again.
 *
 *   forward place    L K S                                   back place        L K S
 *     nothing was    . - x   S becomes L                       something was   . x .   K becomes L
 *     there before   . - -   done                              there before    . - .   not begun, or done
 *     there before   x - x   S becomes L, unless L is          nothing was     x - -   L goes
 *                            another's: that is refused        there before    . - x   not begun
 *     something was  x - x   L is linked as K, S becomes L                     - - -   done
 *     there before   - - x   S becomes L
 *                    . x x   S becomes L
 *                    . . -   done
 *   forward remove   x - .   L becomes K                     back remove       . x .   K becomes L
 *                    . x .   done                                              . - .   not begun, or done
 *
 * Where names differ in letter case only and the file system takes them for one, `Readme.txt` is removed before `README.TXT`
 * is placed, and back the other way round: once the kept `Readme.txt` is live again, `README.TXT` has gone.
 * Where a folder was made since in the place of what comes back, it goes to the kept content first (K-since).
 * Where a SQLite database is replaced or removed, L-wal, L-shm and L-journal become K-wal ... right before L goes; on the way
 * back those of the database that goes are set aside (K-wal-since), and the kept ones follow theirs.
 */
export const forward = (line: JournalLine, places: Places, context: MoveContext): void => {
  switch (line.kind) {
    case "place":
      return placeStaged(line, places, context);
    case "remove":
      return removeLive(places);
    case "makeDirectory":
      if (isAnothers(line, places.live, context)) context.note(isOneWithAnother(line.path));
      return makeDirectory(places.live);
    case "removeDirectory":
      return removeDirectory(places.live, line.path, context);
    case "setMetadata":
      return setForward(line, places.live, context);
    case "touch":
      return;
  }
};

/** What is written to while the site's content is exchanged is not what the archive holds, and must not look like it. */
const setForward = (
  { path, entry, old }: Extract<JournalLine, { kind: "setMetadata" }>,
  live: string,
  context: MoveContext,
): void => {
  const written = old === undefined ? undefined : writtenSince(live, [old, entry]);
  if (written === undefined) return setMetadata(live, listedEntry(entry), context);
  context.note(
    `${readable(path)}: it was written to while the site's content was exchanged, and is as it was written.`,
  );
};

/** The metadata of what stays is set back in a pass of its own at the end: moving things changes folders' mtimes. */
export const back = (line: JournalLine, places: Places, context: MoveContext): void => {
  switch (line.kind) {
    case "place":
      if (line.had) return bringBackWithBeside(places);
      // It has come back already, and may be what stands here.
      if (places.twin !== undefined && !isThere(places.twin)) return;
      if (places.staged === undefined || !isThere(places.staged)) removePlaced(places, line.path, context);
      return;
    case "remove":
      return bringBackWithBeside(places);
    case "makeDirectory":
      if (!line.had) removeDirectory(places.live, line.path, context);
      return;
    case "removeDirectory":
      if (!isDirectory(places.live)) moveAside(places);
      return makeDirectory(places.live);
    case "setMetadata":
      return openFolder(line.entry, places.live);
    case "touch":
      return;
  }
};

/** These lines come first on the way back: nothing could be taken out of a folder that the archive has closed to us. */
const openFolder = ({ kind, mode }: JournalEntry, live: string): void => {
  if (kind !== "directory" || (mode & ownersAll) === ownersAll || !isDirectory(live)) return;
  const held = holdFile(live);
  try {
    chmodSync(held.path, statSync(held.path).mode | ownersAll);
  } catch (error) {
    // It belongs to somebody else; whether it has to be changed at all, the next lines find out.
    if (!isCode(error, "EPERM")) throw error;
  } finally {
    held.close();
  }
};

export const backMetadata = (line: JournalLine, places: Places, context: MoveContext): void => {
  if (line.kind === "touch") return backTime(line, places.live, context);
  if (line.kind !== "setMetadata" && line.kind !== "removeDirectory") return;
  if (line.old === undefined || !isThere(places.live)) return;
  const old = listedEntry(line.old);
  const written = line.kind === "setMetadata" ? writtenSince(places.live, [line.old, line.entry]) : undefined;
  setMetadata(places.live, written === undefined ? old : { ...old, mtimeNs: written }, context);
};

const backTime = ({ mtimeNs }: Extract<JournalLine, { kind: "touch" }>, live: string, context: MoveContext): void => {
  if (isDirectory(live)) for (const note of setTime(live, BigInt(mtimeNs))) context.note(note);
};

/** The time of a file that has none of the times it was given: it was written to since, and keeps it. */
const writtenSince = (live: string, given: readonly JournalEntry[]): bigint | undefined => {
  const now = lstatSync(bytes(live), { bigint: true, throwIfNoEntry: false });
  if (now?.isFile() !== true) return undefined;
  return given.some(({ mtimeNs }) => isSameTime(BigInt(mtimeNs), now.mtimeNs)) ? undefined : now.mtimeNs;
};

/** Times are set to the microsecond; some file systems round them to seconds, or to two. */
const isSameTime = (given: bigint, now: bigint): boolean => {
  const difference = given > now ? given - now : now - given;
  return difference < (now % 1_000_000_000n === 0n ? 2_000_000_000n : 1_000n);
};

/** Whether putting back brings something that has to have a folder to lie in. */
export const bringsBack = (line: JournalLine, { kept }: { readonly kept: string }): boolean =>
  line.kind === "removeDirectory" || ((line.kind === "remove" || line.kind === "place") && isThere(kept));

/** Nothing was there before: what is by now came under this name since, or is what an earlier line has made. */
const isAnothers = (
  { had, alike, path }: Extract<JournalLine, { readonly had: boolean }>,
  live: string,
  context: MoveContext,
): boolean => !had && alike === true && isThere(live) && !context.isSpelled(path);

const isOneWithAnother = (path: BytePath): string =>
  `${readable(path)}: the site's file system takes this folder's name for that of another, and they are one now.`;

/** What was there is not asked for first: what a call finds, it says. */
const placeStaged = (line: Extract<JournalLine, { kind: "place" }>, places: Places, context: MoveContext): void => {
  const { live, kept, staged } = places;
  if (staged === undefined) return;
  // A user's own page in the archive takes the place of ours, and ours is not worth keeping.
  if (line.had && !isOwnOfflinePage(live)) {
    keep({ live, kept, staged });
    // What has come beside a SQLite database since the site was listed, as where it is opened for each request, goes and
    // comes with it: it would be played into the one that takes its place. What is live by now is what was staged, unless
    // that is there still.
    if (isThere(staged)) moveBeside(live, kept, (ending) => kept + ending);
  }
  if (isAnothers(line, live, context) && isThere(staged)) throw takenForAnother(line.path);
  try {
    renameSync(bytes(staged), bytes(live));
  } catch (error) {
    // Not staged any more: it has been placed.
    if (errorCode(error) !== "ENOENT" || isThere(staged)) throw error;
  }
};

const takenForAnother = (path: BytePath): Error =>
  refuse("RestoreFailed", {
    reason: `The site's file system takes the name of ${JSON.stringify(readable(path))} for that of another file. Restore other paths.`,
  });

/** Kept by a second name, so that the site is never without the file; where a file system knows no links, by moving it. */
const keep = ({ live, kept, staged }: Places & { readonly staged: string }): void => {
  try {
    linkSync(bytes(live), bytes(kept));
  } catch (error) {
    const code = errorCode(error) ?? "";
    // It is kept already, or gone since.
    if (isThere(kept) || (code === "ENOENT" && !isThere(live))) return;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS", "EACCES"].includes(code)) throw error;
    // What is live by now is what was staged, unless that is there still.
    if (isThere(staged) && isThere(live)) renameSync(bytes(live), bytes(kept));
  }
};

const removeLive = ({ live, kept }: Places): void => {
  if (isThere(kept) || !isThere(live)) return;
  moveBeside(live, live, (ending) => kept + ending);
  renameSync(bytes(live), bytes(kept));
};

const besideSince =
  ({ kept }: Places) =>
  (ending: string): string =>
    `${kept}${ending}-since`;

const bringBackWithBeside = (places: Places): void => {
  const { live, kept, staged } = places;
  const isPlaced = isThere(kept) && (staged === undefined || !isThere(staged));
  if (isPlaced) moveBeside(live, kept, besideSince(places));
  bringBack(places);
  if (!isSqlite(live)) return;
  for (const ending of besideEndings) bringBack({ ...places, live: live + ending, kept: kept + ending });
};

const bringBack = (places: Places): void => {
  if (!isThere(places.kept)) return;
  if (isDirectory(places.live)) moveAside(places);
  renameSync(bytes(places.kept), bytes(places.live));
  // Two names of one file: rename does nothing then, and leaves both.
  if (isThere(places.kept)) unlinkSync(bytes(places.kept));
};

const isDirectory = (path: string): boolean =>
  lstatSync(bytes(path), { throwIfNoEntry: false })?.isDirectory() === true;

const moveAside = ({ live, kept }: Places): void => {
  if (isThere(live)) renameSync(bytes(live), bytes(`${kept}-since`));
};

const removePlaced = (places: Places, path: BytePath, context: MoveContext): void => {
  const { live } = places;
  if (!isThere(live)) return;
  if (isDirectory(live)) return context.note(`${readable(path)}: the folder stays, because it was made since.`);
  moveBeside(live, live, besideSince(places));
  unlinkSync(bytes(live));
};

const makeDirectory = (live: string): void => {
  // A user's own folder of that name takes the place of our page.
  if (isOwnOfflinePage(live)) unlinkSync(bytes(live));
  try {
    mkdirSync(bytes(live), 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST" || !isDirectory(live)) throw error;
  }
};

const removeDirectory = (live: string, path: BytePath, context: MoveContext): void => {
  try {
    removeOwnPage(live);
    rmdirSync(bytes(live));
  } catch (error) {
    const code = errorCode(error);
    // What is no folder is not what this line made: it stands there from before, or since.
    if (code === "ENOENT" || code === "ENOTDIR") return;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EBUSY") throw error;
    context.note(`${readable(path)}: the folder stays, because something is in it or stands on it.`);
  }
};

/** In a folder that goes, our page stands in front of nothing. */
const removeOwnPage = (live: string): void => {
  const page = `${live}/${offlinePageName}`;
  if (!isDirectory(live) || !isOwnOfflinePage(page)) return;
  if (readdirSync(bytes(live)).length === 1) unlinkSync(bytes(page));
};

const setMetadata = (live: string, entry: ListedEntry, context: MoveContext): void => {
  try {
    for (const note of context.setMetadata(live, entry)) context.note(note);
  } catch (error) {
    // Content is what a restore must not lose; a mode that cannot be set is told.
    context.note(`${readable(entry.path)}: mode, owner or time could not be set. ${reasonOf(error)}`);
  }
};
