import { chmodSync, chownSync, lchownSync, lstatSync, lutimesSync, utimesSync } from "node:fs";
import { isCode } from "../../domain/error-code.ts";
import { secondsOf } from "../../domain/file-time.ts";
import type { AccountNames } from "./account-names.ts";
import { holdFile } from "./beneath.ts";
import { reasonOf } from "./file-reasons.ts";

/** What a file, folder or link gets besides its content. What is undefined stays as the system made it. */
interface Metadata {
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Count more than the ids where this machine knows them: ids differ between machines. */
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly mtimeNs: bigint;
}

/** What takes the metadata. */
interface Target {
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Undefined for links, which have no mode of their own. */
  readonly chmod: ((mode: number) => void) | undefined;
  readonly chown: (uid: number, gid: number) => void;
  readonly utimes: (seconds: number | string) => void;
}

const setIds = 0o6000;
const unchanged = -1;
export const ownerNote =
  "Owner and group were not restored where they differ from the service's own: it may not give files away.";
export const setIdNote = "Set-user-ID and set-group-ID bits were dropped where the owner could not be restored.";

/** Returns what it could not do, in the same words for every file, so that a log says it once. */
const setMetadata = (target: Target, metadata: Metadata, names: AccountNames): readonly string[] => {
  const notes: string[] = [];
  // The owner first: changing it clears the bits that the mode then sets. The time last: all else is over by then.
  const hasOwner = setOwner(target, metadata, names);
  if (!hasOwner) notes.push(ownerNote);
  const { mode } = metadata;
  if (mode !== undefined && target.chmod) {
    // Such a bit on a file of the wrong owner would hand out that owner's rights.
    const dropped = !hasOwner && (mode & setIds) !== 0;
    if (dropped) notes.push(setIdNote);
    attempt(notes, "Permissions", () => target.chmod?.(dropped ? mode & ~setIds : mode));
  }
  attempt(notes, "Times", () => target.utimes(secondsOf(metadata.mtimeNs)));
  return notes;
};

/** What a file system without owners or modes (FAT, some network drives), or missing privilege, answers. */
const refusals = ["EPERM", "EACCES", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** The refusal, or undefined when it is done; anything else (a failing disk) is thrown. */
const refusal = (change: () => void): unknown => {
  try {
    change();
    return undefined;
  } catch (error) {
    if (!isCode(error, ...refusals)) throw error;
    return error;
  }
};

const attempt = (notes: string[], what: string, change: () => void): void => {
  const refused = refusal(change);
  if (refused !== undefined) notes.push(`${what} could not be set everywhere: ${reasonOf(refused)}`);
};

/** Of a folder, by a path in latin1. Returns what could not be done. */
export const setTime = (folder: string, mtimeNs: bigint): readonly string[] => {
  const notes: string[] = [];
  const held = holdFile(folder);
  try {
    const seconds = secondsOf(mtimeNs);
    attempt(notes, "Times", () => utimesSync(held.path, seconds, seconds));
  } finally {
    held.close();
  }
  return notes;
};

const setOwner = (target: Target, metadata: Metadata, names: AccountNames): boolean => {
  const uid = (metadata.owner === undefined ? undefined : names.uid(metadata.owner)) ?? metadata.uid;
  const gid = (metadata.group === undefined ? undefined : names.gid(metadata.group)) ?? metadata.gid;
  const user = uid === undefined || uid === target.owner.uid ? unchanged : uid;
  const group = gid === undefined || gid === target.owner.gid ? unchanged : gid;
  if (user === unchanged && group === unchanged) return true;
  if (refusal(() => target.chown(user, group)) === undefined) return true;
  // A group one belongs to may be given without any privilege.
  if (user !== unchanged && group !== unchanged) refusal(() => target.chown(unchanged, group));
  return false;
};

const heldTarget = (file: Buffer, owner: Target["owner"]): Target => ({
  owner,
  chmod: (mode) => chmodSync(file, mode),
  chown: (uid, gid) => chownSync(file, uid, gid),
  utimes: (seconds) => utimesSync(file, seconds, seconds),
});

const linkTarget = (file: Buffer, owner: Target["owner"]): Target => ({
  owner,
  chmod: undefined,
  chown: (uid, gid) => lchownSync(file, uid, gid),
  utimes: (seconds) => lutimesSync(file, seconds, seconds),
});

/**
 * Sets owner, mode and time of something at a path (latin1), following no link at its end. Times are right to a
 * microsecond (exact-times.ts does better). Returns what could not be done, fit for the log.
 */
export const metadataSetter =
  (names: AccountNames) =>
  (file: string, metadata: Metadata): readonly string[] => {
    const path = Buffer.from(file, "latin1");
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return setMetadata(linkTarget(path, stat), metadata, names);
    const held = holdFile(file);
    try {
      return setMetadata(heldTarget(held.path, stat), metadata, names);
    } finally {
      held.close();
    }
  };
