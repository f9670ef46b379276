import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Destination, LocalObject, StoredObject } from "../../ports/destination.ts";
import { objectSource } from "../read/byte-source.ts";
import { openArchive, type Archive } from "../read/open-archive.ts";
import { asSourceLost, SourceLost } from "./source-lost.ts";

/** Which archive is copied from; plain JSON, for the steps in between. */
export interface PreviousRef {
  readonly name: string;
  /** As the catalog knows it: an archive that was altered since proves nothing about any file. */
  readonly commitId: string;
  /** As it was when the reuse was planned; not known while it is. */
  readonly etag?: string;
}

/** The archive that entries are copied from, as an object of its destination. */
export interface PreviousArchive {
  readonly archive: Archive;
  readonly object: Pick<StoredObject, "name" | "etag">;
  /** Set where it is a file of this machine. */
  readonly file?: LocalObject;
}

/**
 * Opens it. Throws SourceLost when it is gone, changed, damaged, or not the one that is meant; and while the reuse is
 * planned (without an etag) also when it cannot be read, say because it lies in an archive tier by now: it is only a
 * cache, and no backup fails for want of it.
 */
export const openPrevious = async (
  destination: Destination,
  { name, commitId, etag }: PreviousRef,
  signal?: AbortSignal,
): Promise<PreviousArchive> => {
  // A plan looks at the archive itself, and whether it can be read at all.
  if (etag === undefined) lastOfEach.delete(destination);
  try {
    const object = await destination.head(name);
    if (object === undefined) throw new SourceLost(name, "is gone");
    if (etag !== undefined && object.etag !== etag) throw new SourceLost(name, "was written anew meanwhile");
    const archive =
      lastOpened(destination, object) ??
      (await openArchive(objectSource(destination, object), signal === undefined ? {} : { signal }));
    if (archive.commitId !== commitId)
      throw new SourceLost(name, "is not the archive that the catalog knows", { isDamage: true });
    lastOfEach.set(destination, { object, archive: new WeakRef(archive) });
    const file = await destination.local?.find(name, object.etag);
    return { archive, object: { name, etag: object.etag }, ...(file === undefined ? {} : { file }) };
  } catch (error) {
    if (etag === undefined && isStoreFailure(error)) throw new SourceLost(name, "cannot be read", { cause: error });
    throw asSourceLost(name, error);
  }
};

/**
 * The archive opened last of each destination, as long as nobody needs the memory: planning and every step that copies
 * open the same one, and its directory takes longer to read than many a copy.
 */
const lastOfEach = new WeakMap<
  Destination,
  { readonly object: Pick<StoredObject, "name" | "etag">; readonly archive: WeakRef<Archive> }
>();

const lastOpened = (destination: Destination, { name, etag }: StoredObject): Archive | undefined => {
  const last = lastOfEach.get(destination);
  return last?.object.name === name && last.object.etag === etag ? last.archive.deref() : undefined;
};
