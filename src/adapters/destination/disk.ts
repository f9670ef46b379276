import * as fs from "node:fs/promises";
import { errorCode } from "../../domain/error-code.ts";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { StoreFailureKind } from "../../domain/store-failure.ts";
import { flushFolder } from "../machine/flush-folder.ts";
import { makeFolder } from "../machine/make-folder.ts";

/** What a directory destination asks of the file system; tests put faults in between. */
export type Disk = Pick<
  typeof fs,
  "link" | "lstat" | "mkdir" | "open" | "readdir" | "readFile" | "realpath" | "rm" | "rmdir" | "unlink"
> & { readonly makeFolder: typeof makeFolder };

export const realDisk: Disk = { ...fs, makeFolder };

const kinds: Readonly<Record<string, { readonly kind: StoreFailureKind; readonly reason: string }>> = {
  ENOSPC: { kind: "Full", reason: "the disk is full. Free space or name another destination" },
  EDQUOT: { kind: "Full", reason: "the disk quota is used up. Raise it or name another destination" },
  EFBIG: { kind: "Full", reason: "the file system holds no file this large. Name another destination" },
  EACCES: { kind: "AccessDenied", reason: "access is denied. Give Lifeboat's user the right to write there" },
  EPERM: { kind: "AccessDenied", reason: "the operation is not permitted. Look at the file's owner and attributes" },
  EROFS: { kind: "AccessDenied", reason: "the file system is read-only. Mount it for writing" },
  ENAMETOOLONG: { kind: "Invalid", reason: "the name is too long for this file system. Take a shorter one" },
  EINVAL: { kind: "Invalid", reason: "the file system does not take this name. Take a plainer one" },
  EILSEQ: { kind: "Invalid", reason: "the file system does not take this name. Take a plainer one" },
  ENOTDIR: { kind: "Invalid", reason: "a part of the name is a file, not a folder. Take another name" },
  EISDIR: { kind: "Invalid", reason: "the name is a folder. Take another name" },
  ENOENT: { kind: "Unavailable", reason: "a folder vanished meanwhile. Look whether the disk is still mounted" },
};

/** The file system's error as the port's: what was being done, why it failed, and what to do. Bugs pass through. */
const diskFailure = (error: unknown, doing: string, folder?: string): unknown => {
  const code = errorCode(error);
  if (code === undefined || error instanceof StoreFailure || !/^E[A-Z0-9]+$/.test(code)) return error;
  const known = kinds[code] ?? { kind: "Unavailable", reason: "the disk failed. Check it, then try again" };
  const trouble = `${doing} failed (${code})`;
  // A quota, or a file that is too large, says nothing of the room on the disk.
  const disk = code === "ENOSPC" && folder !== undefined ? { folder, trouble } : undefined;
  return new StoreFailure(known.kind, `${trouble}: ${known.reason}.`, { cause: error, disk });
};

/** Runs `work`; what the file system throws comes out as StoreFailure. `folder` lies on the disk that is written to. */
export const orFailure = async <T>(doing: string, work: () => Promise<T>, folder?: string): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw diskFailure(error, doing, folder);
  }
};

export const syncFolder = (disk: Disk, path: string): Promise<void> => flushFolder(path, disk.open);
