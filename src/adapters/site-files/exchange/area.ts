import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { errorCode, isCode } from "../../../domain/error-code.ts";
import { ownPrefix } from "../../../domain/own-names.ts";
import type { ResolvedRoot } from "../list-root.ts";
import { setTime } from "../set-metadata.ts";
import { mountPoints } from "../mount-points.ts";

/** One directory of the site, and where a run keeps what it stages and what it replaces: same file system, not served. */
export interface Area {
  readonly root: ResolvedRoot;
  /** latin1, as all paths here. */
  readonly directory: string;
}

export const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

/** Also a link that leads nowhere. */
export const isThere = (path: string): boolean => lstatSync(bytes(path), { throwIfNoEntry: false }) !== undefined;

const areaName = (root: ResolvedRoot, run: string): string =>
  `${ownPrefix}${run}-${createHash("sha256").update(root.real, "latin1").digest("hex").slice(0, 8)}`;

export const insideArea = (root: ResolvedRoot, run: string): string => `${root.real}/${areaName(root, run)}`;

const parentOf = (real: string): string => real.slice(0, real.lastIndexOf("/"));

const exists = (path: string): boolean => statSync(bytes(path), { throwIfNoEntry: false }) !== undefined;

const isUsable = (directory: string, device: number): boolean => {
  try {
    accessSync(bytes(directory || "/"), constants.W_OK | constants.X_OK);
    return statSync(bytes(directory || "/")).dev === device;
  } catch {
    return false;
  }
};

/**
 * Beside the root; inside it, closed to everyone else, where beside is another file system (a mount point) or may not be
 * written. An area that is there already is the run's, whatever has become writable since.
 */
export const areaOf = (root: ResolvedRoot, run: string): Area => {
  const beside = `${parentOf(root.real)}/${areaName(root, run)}`;
  const inside = insideArea(root, run);
  if (root.real === "" || exists(inside)) return { root, directory: inside };
  if (exists(beside)) return { root, directory: beside };
  const device = statSync(bytes(root.real)).dev;
  const isBeside = isUsable(parentOf(root.real), device) && !mountPoints().includes(root.real);
  return { root, directory: isBeside ? beside : inside };
};

export const makeArea = (area: Area): void => keepingTime(area, () => makeUnlessThere(area.directory));

export const removeArea = (area: Area): void =>
  keepingTime(area, () => rmSync(bytes(area.directory), { recursive: true, force: true }));

/** Whether it was there and empty: else a run keeps its content there. */
export const removeEmptyArea = (area: Area): boolean =>
  keepingTime(area, () => {
    try {
      rmdirSync(bytes(area.directory));
      return true;
    } catch {
      return false;
    }
  });

/** An area inside the root is nobody's content, so the root keeps the time that it had without it. */
const keepingTime = <Result>({ root, directory }: Area, change: () => Result): Result => {
  if (parentOf(directory) !== root.real) return change();
  const { mtimeNs } = statSync(bytes(root.real), { bigint: true });
  const result = change();
  setTime(root.real, mtimeNs);
  return result;
};

/** In a folder that is there: Node's `recursive` never ends where that is on a drive that has gone away. */
export const makeUnlessThere = (directory: string): void => {
  try {
    mkdirSync(bytes(directory), { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
};

/** Runs with an area at this root. */
export const runsAt = (root: ResolvedRoot): readonly string[] => {
  const names = [root.real, parentOf(root.real)].flatMap((directory) => {
    try {
      return readdirSync(bytes(directory || "/"), "latin1");
    } catch {
      // Gone or closed to us: no area of ours can be there.
      return [];
    }
  });
  return names.flatMap((name) => {
    const run = name.startsWith(ownPrefix) ? name.slice(ownPrefix.length, -9) : "";
    return run !== "" && name === areaName(root, run) ? [run] : [];
  });
};

/** Some file systems (shared folders of virtual machines) know no such thing for folders. */
export const syncDirectory = (path: string): void => {
  const descriptor = openSync(bytes(path), "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!isCode(error, "EINVAL", "ENOTSUP")) throw error;
  } finally {
    closeSync(descriptor);
  }
};
