import { closeSync, constants, lchownSync, lutimesSync, openSync, symlinkSync, unlinkSync } from "node:fs";
import { isCode } from "../../domain/error-code.ts";
import { parentOf, withShortPath } from "./long-path.ts";
import { makeFolder } from "./make-folder.ts";
import { openNewFile, stampFile, type FileStamp } from "./write-new-file.ts";

/** What is to be made besides whole small files. Paths and targets are latin1, one character a byte. */
export type Placing =
  /** An empty file that must not exist yet; its slices come later. */
  | { readonly kind: "newFile"; readonly path: string }
  | { readonly kind: "stamp"; readonly path: string; readonly stamp: FileStamp }
  | { readonly kind: "removeFile"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  /** Must not exist yet. */
  | ({ readonly kind: "link"; readonly path: string; readonly target: string } & Pick<FileStamp, "mtime" | "owner">);

export interface PlaceJob {
  readonly placings: readonly Placing[];
}

export interface PlaceResult {
  /** How many could not be given to their owner. */
  readonly ownerRefused: number;
}

const bytes = (path: string): Buffer => Buffer.from(path, "latin1");
const readable = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

export const runPlaceJob = ({ placings }: PlaceJob): PlaceResult => {
  let ownerRefused = 0;
  for (const placing of placings) if (!place(placing)) ownerRefused++;
  return { ownerRefused };
};

const place = (placing: Placing): boolean => {
  const path = bytes(placing.path);
  switch (placing.kind) {
    case "newFile":
      closeSync(openNewFile(path));
      return true;
    case "folder":
      makeFolder(path);
      return true;
    case "removeFile":
      withShortPath(path, unlinkSync);
      return true;
    case "stamp":
      return stampAt(path, placing.stamp);
    case "link":
      return makeLink(path, placing);
  }
};

const stampAt = (path: Buffer, stamp: FileStamp): boolean =>
  withShortPath(path, (short) => {
    const descriptor = openSync(short, readable);
    try {
      return stampFile(descriptor, stamp);
    } finally {
      closeSync(descriptor);
    }
  });

const makeLink = (
  path: Buffer,
  { target, mtime, owner }: { readonly target: string } & Pick<FileStamp, "mtime" | "owner">,
): boolean => {
  makeFolder(parentOf(path));
  return withShortPath(path, (short) => {
    symlinkSync(bytes(target), short);
    const isGiven = owner === undefined || giveLink(short, owner);
    lutimesSync(short, mtime, mtime);
    return isGiven;
  });
};

const giveLink = (path: Buffer, owner: { readonly uid: number; readonly gid: number }): boolean => {
  try {
    lchownSync(path, owner.uid, owner.gid);
    return true;
  } catch (error) {
    if (isCode(error, "EPERM", "EINVAL", "ENOSYS")) return false;
    throw error;
  }
};
