import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { secondsOf } from "../../domain/file-time.ts";
import { offlinePage, offlinePageName } from "../../domain/own-names.ts";
import { syncDirectory } from "./exchange/area.ts";
import { isOwnOfflinePage } from "./exchange/moves.ts";

/** Places our page in the served folder (latin1 path), to the disk. A user's own page says the site is offline already. */
export const placeOfflinePage = (wwwroot: string, run: string): void => {
  if (existsSync(bytes(wwwroot))) keepingTime(wwwroot, () => place(fileIn(wwwroot), run));
};

const place = (file: string, run: string): void => {
  // One of ours that a crashed run left names that run: this one takes it over.
  if (isOwnOfflinePage(file)) rmSync(bytes(file));
  let descriptor: number;
  try {
    descriptor = openSync(bytes(file), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    throw error;
  }
  try {
    writeFileSync(descriptor, offlinePage(run));
    // A power cut would leave an empty page, which is nobody's: it would stand there for good.
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Takes away our page, whichever run placed it: whoever starts the site owns it. */
export const removeOfflinePage = (wwwroot: string): void => {
  const file = fileIn(wwwroot);
  if (isOwnOfflinePage(file)) keepingTime(wwwroot, () => rmSync(bytes(file)));
};

/**
 * The page is nobody's content, so the folder looks as if it had never been there. Nor does a power cut bring back one
 * that was taken away: nobody would take it away again.
 */
const keepingTime = (folder: string, change: () => void): void => {
  const { atimeNs, mtimeNs } = statSync(bytes(folder), { bigint: true });
  change();
  utimesSync(bytes(folder), secondsOf(atimeNs), secondsOf(mtimeNs));
  syncDirectory(folder);
};

const fileIn = (wwwroot: string): string => `${wwwroot}/${offlinePageName}`;
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");
