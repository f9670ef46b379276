import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from "node:fs";

/**
 * Opening things below a directory without ever following a link on the way, the way openat(2) with RESOLVE_BENEATH
 * does it. A site's users can write into it, so any folder may turn into a link to /etc between two of our calls.
 *
 * Paths here are latin1 strings, one character a byte, as in BytePath; `root` is a real path without links.
 */
const descriptors = "/proc/self/fd";
const hasDescriptors = existsSync(descriptors);

/** O_PATH: a handle to walk through, which needs no read permission. */
const pathOnly = 0o10000000;
/** The kernel takes paths up to 4,095 bytes; the rest is room for one more name. */
const longestPath = 3_800;

const { O_DIRECTORY, O_NOFOLLOW } = constants;

const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

/** A directory held open. */
export interface HeldDirectory {
  /** `prefix` + "/" + name reaches what lies in it, wherever it is moved meanwhile. */
  readonly prefix: string;
  /** Whether it is still found at its path. */
  readonly isStillThere: () => boolean;
  readonly close: () => void;
}

/** Walks down one segment at a time, each opened relative to the last: slow, of any length, and exact about links. */
const openStepByStep = (root: string, segments: readonly string[], flags: number): number => {
  let at = openSync(bytes(root || "/"), pathOnly | O_DIRECTORY);
  try {
    for (const [index, segment] of segments.entries()) {
      const isLast = index === segments.length - 1;
      const next = openSync(
        bytes(`${descriptors}/${at}/${segment}`),
        isLast ? flags | O_NOFOLLOW : pathOnly | O_DIRECTORY | O_NOFOLLOW,
      );
      closeSync(at);
      at = next;
    }
    return at;
  } catch (error) {
    closeSync(at);
    throw error;
  }
};

const isAt = (descriptor: number, path: string): boolean => {
  if (hasDescriptors) return readlinkSync(`${descriptors}/${descriptor}`, "latin1") === path;
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  return realpathSync.native(bytes(parent), "latin1") === parent;
};

const joined = (root: string, path: string): string => (path === "" ? root || "/" : `${root}/${path}`);

/** The real path of a directory an administrator names; here, and only here, links are followed. "" stands for "/". */
export const realRoot = (directory: string): string => {
  const real = realpathSync.native(directory, "latin1");
  return real === "/" ? "" : real;
};

/**
 * A descriptor of `path` below `root`. Throws ENOTDIR or ELOOP where a link stands in the way or at its end.
 * Opening for writing needs O_EXCL beside O_CREAT: only then is nothing changed before the check.
 */
export const openBeneath = (root: string, path: string, flags: number): number => {
  const whole = joined(root, path);
  if (whole.length < longestPath || !hasDescriptors) {
    const descriptor = openSync(bytes(whole), flags | O_NOFOLLOW);
    if (path === "" || isAt(descriptor, whole)) return descriptor;
    closeSync(descriptor);
    if (!hasDescriptors)
      throw Object.assign(new Error(`ENOTDIR: a link stands in the way of ${whole}`), { code: "ENOTDIR" });
  }
  // A link in the way, or moved or removed meanwhile, or too long for one call: this tells which.
  return openStepByStep(root, path.split("/"), flags);
};

/**
 * Holds a directory below `root` (the root itself: ""), to list it or only to reach what is in it, which needs no read
 * permission. Without /proc it is reached by its path.
 */
export const holdDirectory = (root: string, path: string, purpose: "list" | "reach"): HeldDirectory => {
  const access = purpose === "reach" && hasDescriptors ? pathOnly : constants.O_RDONLY;
  const descriptor = openBeneath(root, path, access | O_DIRECTORY);
  const whole = joined(root, path);
  const prefix = hasDescriptors ? `${descriptors}/${descriptor}` : whole;
  return { prefix, isStillThere: () => isAt(descriptor, whole), close: () => closeSync(descriptor) };
};

/**
 * Holds a file or directory to change its mode, owner or times: `path` leads to it and to nothing else. That needs no
 * permission on the file. A link that took its place would be changed itself, or refused; it is never followed.
 */
export const holdFile = (file: string): { readonly path: Buffer; readonly close: () => void } => {
  if (!hasDescriptors) return { path: bytes(file), close: () => undefined };
  const descriptor = openSync(bytes(file), pathOnly | O_NOFOLLOW);
  return { path: Buffer.from(`${descriptors}/${descriptor}`), close: () => closeSync(descriptor) };
};
