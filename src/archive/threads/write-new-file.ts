import { closeSync, constants, fchmodSync, fchownSync, futimesSync, openSync, writeSync } from "node:fs";
import { isCode } from "../../domain/error-code.ts";
import { makeFolder } from "./make-folder.ts";
import { parentOf, withShortPath } from "./long-path.ts";

/** What a file or folder gets besides its content. */
export interface FileStamp {
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number | string;
  /** Undefined: stays with whoever runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const { O_CREAT, O_EXCL, O_WRONLY } = constants;
// Windows has no O_NOFOLLOW; there O_EXCL alone refuses whatever has the name already.
const onlyNew = O_WRONLY | O_CREAT | O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** Opens a file that must not exist yet, and makes the folders it lies in. */
export const openNewFile = (path: Buffer): number => {
  const open = (short: Buffer): number => openSync(short, onlyNew, 0o600);
  try {
    return withShortPath(path, open);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
    makeFolder(parentOf(path));
    return withShortPath(path, open);
  }
};

/** Writes all of `bytes` at `position`. */
export const writeFully = (descriptor: number, bytes: Uint8Array, position: number): void => {
  for (let written = 0; written < bytes.length;)
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
};

/** False when this process may not give the file to that owner; then setuid and setgid are not set either. */
export const stampFile = (descriptor: number, stamp: FileStamp): boolean => {
  const owned = stamp.owner === undefined || changeOwner(descriptor, stamp.owner);
  // After the change of owner, which clears setuid and setgid.
  fchmodSync(descriptor, owned ? stamp.mode : stamp.mode & 0o1777);
  futimesSync(descriptor, stamp.mtime, stamp.mtime);
  return owned;
};

const changeOwner = (descriptor: number, owner: { readonly uid: number; readonly gid: number }): boolean => {
  try {
    fchownSync(descriptor, owner.uid, owner.gid);
    return true;
  } catch (error) {
    if (isCode(error, "EPERM", "EINVAL", "ENOSYS")) return false;
    throw error;
  }
};

/** Writes a file that must not exist yet. False when it could not be given to its owner. */
export const writeNewFile = (path: Buffer, content: Uint8Array, stamp: FileStamp): boolean => {
  const descriptor = openNewFile(path);
  try {
    writeFully(descriptor, content, 0);
    return stampFile(descriptor, stamp);
  } finally {
    closeSync(descriptor);
  }
};
