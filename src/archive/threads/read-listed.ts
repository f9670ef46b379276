import { closeSync, fstatSync, openSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { pathBytes } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { LocalRoot } from "../../ports/site-files.ts";
import { forReading, readFully } from "./local-object.ts";

/** Whether a file's metadata can prove that what is read is what was listed. */
export const isProvable = (listed: ListedEntry): boolean => listed.ctimeNs !== undefined && listed.inode !== undefined;

const localPath = (roots: readonly LocalRoot[], listed: ListedEntry): Buffer | undefined => {
  let best: LocalRoot | undefined;
  for (const root of roots)
    if (root.at === "" || listed.path.startsWith(`${root.at}/`))
      if (best === undefined || root.at.length > best.at.length) best = root;
  if (best === undefined) return undefined;
  const rest = best.at === "" ? listed.path : listed.path.slice(best.at.length + 1);
  return Buffer.concat([Buffer.from(`${best.directory}/`, "utf8"), pathBytes(listed.path).subarray(-rest.length)]);
};

const isAsListed = (descriptor: number, listed: ListedEntry): boolean => {
  const stat = fstatSync(descriptor, { bigint: true });
  return (
    stat.ino === listed.inode &&
    stat.ctimeNs === listed.ctimeNs &&
    stat.mtimeNs === listed.mtimeNs &&
    stat.size === BigInt(listed.sizeBytes) &&
    stat.isFile()
  );
};

/**
 * Reads `length` bytes from `offset` of a listed file of this machine into `buffer`. Undefined unless, after reading,
 * inode, size and times are still the listed ones: then it is that file and no other (also when a folder on its way
 * became a link meanwhile), and it has not changed since. Also undefined when it cannot be read at all: whoever asks
 * goes through SiteFiles then, which is slower, follows no link, and knows the reason.
 */
export const readListed = (
  roots: readonly LocalRoot[],
  listed: ListedEntry,
  { offset, length, buffer }: { readonly offset: number; readonly length: number; readonly buffer: Buffer },
): Buffer | undefined => {
  const path = localPath(roots, listed);
  if (path === undefined || !isProvable(listed)) return undefined;
  try {
    const descriptor = openSync(path, forReading);
    try {
      const bytes = buffer.subarray(0, length);
      return readFully(descriptor, bytes, offset) && isAsListed(descriptor, listed) ? bytes : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
};
