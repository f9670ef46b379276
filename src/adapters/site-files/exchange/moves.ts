import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { ListedEntry } from "../../../domain/listing.ts";
import { offlinePageName, offlinePageRun } from "../../../domain/own-names.ts";
import { errorCode, reasonOf } from "../file-reasons.ts";
import { bytes } from "./area.ts";
import { listedEntry, type JournalLine } from "./journal.ts";

/** Where one operation finds its three places. `live` is reached through a directory held open, so no link leads away. */
export interface Places {
  readonly live: string;
  readonly kept: string;
  readonly staged: string;
}

/** Sets mode, owner and mtime without following a link; returns what it could not. */
export type MetadataWriter = (file: string, entry: ListedEntry) => readonly string[];

export interface MoveContext {
  readonly setMetadata: MetadataWriter;
  readonly note: (text: string) => void;
}

/*
 * What is done from what is found. L live, K kept, S staged; x there, - not, . either. Every row leads to a state in
 * which asking again does nothing, so a crash between any two calls is mended by doing the operation again.
 *
 *   forward place    L K S                                   back place        L K S
 *     nothing was    . - x   S becomes L                       something was   . x .   K becomes L
 *     there before   . - -   done                              there before    . - .   not begun, or done
 *     something was  x - x   L is linked as K, S becomes L     nothing was     x - -   L goes
 *     there before   - - x   S becomes L                       there before    . - x   not begun
 *                    . x x   S becomes L                                       - - -   done
 *                    . . -   done
 *   forward remove   x - .   L becomes K                     back remove       . x .   K becomes L
 *                    . x .   done                                              . - .   not begun, or done
 */
export const forward = (line: JournalLine, places: Places, context: MoveContext): void => {
  switch (line.kind) {
    case "place":
      if (!isThere(places.staged)) return;
      if (line.had && !isThere(places.kept) && isThere(places.live)) keep(places);
      return renameSync(bytes(places.staged), bytes(places.live));
    case "remove":
      if (!isThere(places.kept) && isThere(places.live)) renameSync(bytes(places.live), bytes(places.kept));
      return;
    case "makeDirectory":
      return makeDirectory(line.had, places.live, listedEntry(line.entry), context);
    case "removeDirectory":
      return removeDirectory(places.live, line.path, context);
    case "setMetadata":
      return setMetadata(places.live, listedEntry(line.entry), context);
  }
};

/** The metadata of what stays is set back in a pass of its own at the end: moving things changes folders' mtimes. */
export const back = (line: JournalLine, places: Places, context: MoveContext): void => {
  switch (line.kind) {
    case "place":
      if (line.had) return bringBack(places);
      if (!isThere(places.staged) && isThere(places.live)) unlinkSync(bytes(places.live));
      return;
    case "remove":
      return bringBack(places);
    case "makeDirectory":
      if (!line.had) removeDirectory(places.live, line.entry.path, context);
      return;
    case "removeDirectory":
      return makeDirectory(false, places.live, listedEntry(line.old), context);
    case "setMetadata":
      return;
  }
};

export const backMetadata = (line: JournalLine, places: Places, context: MoveContext): void => {
  if (line.kind === "setMetadata" || line.kind === "removeDirectory")
    setMetadata(places.live, listedEntry(line.old), context);
};

export const isThere = (path: string): boolean => lstatSync(bytes(path), { throwIfNoEntry: false }) !== undefined;

/** Kept by a second name, so that the site is never without the file; where a file system knows no links, by moving it. */
const keep = ({ live, kept }: Places): void => {
  if (isOwnOfflinePage(live)) return;
  try {
    linkSync(bytes(live), bytes(kept));
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS", "EACCES"].includes(errorCode(error) ?? "")) throw error;
    renameSync(bytes(live), bytes(kept));
  }
};

const bringBack = ({ live, kept }: Places): void => {
  if (!isThere(kept)) return;
  renameSync(bytes(kept), bytes(live));
  // Two names of one file: rename does nothing then, and leaves both.
  if (isThere(kept)) unlinkSync(bytes(kept));
};

/** A user's own page in the archive takes the place of ours, and ours is not worth keeping. */
export const isOwnOfflinePage = (file: string): boolean => {
  if (!file.endsWith(`/${offlinePageName}`)) return false;
  const found = lstatSync(bytes(file), { throwIfNoEntry: false });
  return (
    found?.isFile() === true && found.size < 4_096 && offlinePageRun(readFileSync(bytes(file), "utf8")) !== undefined
  );
};

const makeDirectory = (had: boolean, live: string, entry: ListedEntry, context: MoveContext): void => {
  if (had) return;
  try {
    mkdirSync(bytes(live), 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  setMetadata(live, entry, context);
};

const removeDirectory = (live: string, path: BytePath, context: MoveContext): void => {
  try {
    rmdirSync(bytes(live));
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EBUSY") throw error;
    context.note(`${readable(path)}: the folder stays, because something is in it or stands on it.`);
  }
};

const setMetadata = (live: string, entry: ListedEntry, context: MoveContext): void => {
  try {
    for (const note of context.setMetadata(live, entry)) context.note(note);
  } catch (error) {
    // Content is what a restore must not lose; a mode that cannot be set is told.
    context.note(`${readable(entry.path)}: mode, owner or time could not be set. ${reasonOf(error)}`);
  }
};

const readable = (path: BytePath): string => Buffer.from(path, "latin1").toString("utf8");
