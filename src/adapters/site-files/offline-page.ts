import {
  chmodSync,
  existsSync,
  linkSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { errorCode, isCode } from "../../domain/error-code.ts";
import { secondsOf } from "../../domain/file-time.ts";
import { offlinePage, offlinePageName } from "../../domain/own-names.ts";
import { holdFile } from "./beneath.ts";
import { bytes, isThere, makeArea, removeEmptyArea, syncDirectory, type Area } from "./exchange/area.ts";
import { isOwnOfflinePage } from "./own-offline-page.ts";

/** Paths in latin1. */
export interface PagePlace {
  /** The served one. */
  readonly folder: string;
  /** Of the run that stops or starts the site. */
  readonly area: Area;
}

/** Places our page in the served folder, to the disk. A user's own page says the site is offline already. */
export const placeOfflinePage = (place: PagePlace, run: string): void => {
  if (existsSync(bytes(place.folder))) keepingLook(place, () => putPage(place, offlinePage(run)));
};

const putPage = ({ folder, area }: PagePlace, page: string): void => {
  const file = pageIn(folder);
  const ready = pageIn(area.directory);
  try {
    // All of it or nothing: half a page would be nobody's, and stand there for good.
    writeFileSync(bytes(ready), page, { mode: 0o644, flush: true });
    // One of ours that a crashed run left names that run: this one takes it over.
    if (isOwnOfflinePage(file)) renameSync(bytes(ready), bytes(file));
    else linkSync(bytes(ready), bytes(file));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") writePage(file, page);
  } finally {
    rmSync(bytes(ready), { force: true });
  }
};

/** Where there can be no area, or it lies on another file system, or that knows no links. */
const writePage = (file: string, page: string): void => {
  if (isOwnOfflinePage(file)) rmSync(bytes(file));
  try {
    writeFileSync(bytes(file), page, { mode: 0o644, flag: "wx", flush: true });
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    // A full disk has room for the name alone.
    rmSync(bytes(file), { force: true });
    throw error;
  }
};

/** Takes away our page, whichever run placed it: whoever starts the site owns it. */
export const removeOfflinePage = (place: PagePlace): void => {
  const file = pageIn(place.folder);
  const isOurs = isOwnOfflinePage(file);
  const isCutOff = isThere(lookIn(place.area)) && existsSync(bytes(place.folder));
  if (isOurs || isCutOff) keepingLook(place, () => isOurs && rmSync(bytes(file)));
};

/**
 * The page is nobody's content, so the folder looks as if it had never been there. Nor does a power cut bring back one
 * that was taken away: nobody would take it away again.
 */
const keepingLook = ({ folder, area }: PagePlace, change: () => void): void => {
  // Held: a link that a site's user puts in its place meanwhile must not have the look of this one set where it leads.
  const held = holdFile(realpathSync.native(bytes(folder), "latin1"));
  try {
    const look = rememberedLook(held.path, area);
    try {
      changeIn(held.path, look, change);
    } finally {
      setLook(held.path, look);
    }
    syncDirectory(folder);
    rmSync(bytes(lookIn(area)), { force: true });
    // An area may lie in this very folder.
    if (removeEmptyArea(area)) setLook(held.path, look);
  } finally {
    held.close();
  }
};

interface Look {
  /** Whose it is. */
  readonly ino: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly mode: bigint;
}

/** An attempt that was killed between its change and setting the look back has left it for the next one. */
const rememberedLook = (folder: Buffer, area: Area): Look => {
  const { ino, atimeNs, mtimeNs, mode } = statSync(folder, { bigint: true });
  const left = leftLook(area);
  if (left?.ino === ino) return left;
  try {
    makeArea(area);
    writeFileSync(bytes(lookIn(area)), `${ino} ${atimeNs} ${mtimeNs} ${mode}\n`, { flush: true });
  } catch {
    // On a full or closed disk the site has to start all the same, and only a kill in the next instant loses the look.
  }
  return { ino, atimeNs, mtimeNs, mode };
};

const leftLook = (area: Area): Look | undefined => {
  if (!isThere(lookIn(area))) return undefined;
  const left = /^(\d+) (-?\d+) (-?\d+) (\d+)\n/.exec(readFileSync(bytes(lookIn(area)), "latin1"));
  const [ino = 0n, atimeNs = 0n, mtimeNs = 0n, mode = 0n] = left?.slice(1).map(BigInt) ?? [];
  return left === null ? undefined : { ino, atimeNs, mtimeNs, mode };
};

const ownersWrite = 0o300;

/** A folder that its owner may only read, as an archive may bring it back, is opened for as long as the change takes. */
const changeIn = (folder: Buffer, { mode }: Look, change: () => void): void => {
  try {
    change();
  } catch (error) {
    if (!isCode(error, "EACCES") || !mayOpen(folder, mode)) throw error;
    change();
  }
};

const mayOpen = (folder: Buffer, mode: bigint): boolean => {
  if ((Number(mode) & ownersWrite) === ownersWrite) return false;
  try {
    chmodSync(folder, Number(mode) | ownersWrite);
    return true;
  } catch {
    // It belongs to somebody else.
    return false;
  }
};

const setLook = (folder: Buffer, { atimeNs, mtimeNs, mode }: Look): void => {
  try {
    if (statSync(folder, { bigint: true }).mode !== mode) chmodSync(folder, Number(mode));
    utimesSync(folder, secondsOf(atimeNs), secondsOf(mtimeNs));
  } catch (error) {
    // Only its owner may set them, and a group that may write in the folder is enough for a restore.
    if (!isCode(error, "EPERM", "EACCES")) throw error;
  }
};

const pageIn = (folder: string): string => `${folder}/${offlinePageName}`;
const lookIn = (area: Area): string => `${area.directory}/served-folder-look`;
