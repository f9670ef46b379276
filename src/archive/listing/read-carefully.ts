import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { FileUnreadable, SiteFiles } from "../../ports/site-files.ts";
import { sliceBytes } from "../content/content-hash.ts";

/** A small file's content with the metadata it had before it was read; or why there is none; or a file that grew large. */
export type CarefulRead =
  | { readonly entry: ListedEntry; readonly content: Uint8Array; readonly hasChanged: boolean }
  | { readonly grown: ListedEntry }
  | LeftOut;

/** Once as listed, once as it is by then, and once more when it changed meanwhile. */
const attempts = 3;

/** Ports are seen as types only here; a port's error is known by its name. */
export const isUnreadable = (error: unknown): error is FileUnreadable =>
  error instanceof Error && error.name === "FileUnreadable";

/** Whether these are two views of one file that nobody has touched in between, as far as its host can tell. */
export const isSameFile = (before: ListedEntry, after: ListedEntry): boolean =>
  before.kind === after.kind &&
  before.sizeBytes === after.sizeBytes &&
  before.mtimeNs === after.mtimeNs &&
  before.ctimeNs === after.ctimeNs &&
  before.inode === after.inode;

/** The file as it is now; or why it cannot be packed any more. */
export const statFile = async (site: SiteFiles, listed: ListedEntry): Promise<ListedEntry | LeftOut> => {
  try {
    const now = await site.stat(listed.path);
    if (now === undefined) return { path: listed.path, reason: "It vanished." };
    if (now.kind !== "file") return { path: listed.path, reason: `It is a ${now.kind} by now.` };
    return now;
  } catch (error) {
    if (isUnreadable(error)) return { path: listed.path, reason: error.message };
    throw error;
  }
};

export const readPart = async (
  site: SiteFiles,
  listed: ListedEntry,
  range: { readonly offset: number; readonly length: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array | LeftOut> => {
  try {
    return await site.read(listed.path, range.offset, range.length, range.signal);
  } catch (error) {
    if (isUnreadable(error)) return { path: listed.path, reason: error.message };
    throw error;
  }
};

interface Care {
  /** What changed later than this may change again without a new time to show for it: only a second reading tells. */
  readonly suspectAfterNs: bigint;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file that was listed as small, whatever happens to it meanwhile: what changed since it was listed is packed
 * as it is now; what changes while it is read is read once more, and then taken as it was read.
 */
export const readCarefully = async (
  site: SiteFiles,
  listed: ListedEntry,
  { suspectAfterNs, signal }: Care,
): Promise<CarefulRead> => {
  let before = listed;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    if (before.sizeBytes > sliceBytes) return { grown: before };
    const content =
      before.sizeBytes === 0
        ? new Uint8Array()
        : await readPart(site, before, { offset: 0, length: before.sizeBytes, signal });
    if ("reason" in content) return content;
    const after = await statFile(site, before);
    if ("reason" in after) return after;
    const isSuspect = before.sizeBytes > 0 && (before.ctimeNs ?? before.mtimeNs) > suspectAfterNs;
    const isWhole =
      content.length === before.sizeBytes &&
      isSameFile(before, after) &&
      (!isSuspect || (await readsTheSame(site, before, { content, signal })));
    if (isWhole || attempt === attempts)
      return { entry: { ...before, sizeBytes: content.length }, content, hasChanged: !isWhole };
    before = after;
  }
};

const readsTheSame = async (
  site: SiteFiles,
  listed: ListedEntry,
  { content, signal }: { readonly content: Uint8Array; readonly signal: AbortSignal | undefined },
): Promise<boolean> => {
  const again = await readPart(site, listed, { offset: 0, length: content.length, signal });
  return !("reason" in again) && Buffer.compare(content, again) === 0;
};
