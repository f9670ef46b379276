import type { BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import type { DirectoryColumns } from "./directory-columns.ts";
import { localHeaderBytes } from "../records/local-header.ts";

/**
 * No two entries of one name, and none below an entry that is no folder: unpacked, it would go through a link or
 * file. Needs the directory sorted: then all names that begin with a name follow it at once.
 */
export const checkNames = (directory: DirectoryColumns): void => {
  /** Names of files and links that the name at hand begins with, shortest first. */
  const open: BytePath[] = [];
  let before: BytePath | undefined;
  for (let place = 0; place < directory.length; place++) {
    const name = directory.name(place);
    if (name === before) throw new ArchiveInvalid("Duplicate", "Two entries have this name.", { entry: name });
    before = name;
    for (let last = open.at(-1); last !== undefined && !name.startsWith(last); last = open.at(-1)) open.pop();
    if (open.some((file) => name.charCodeAt(file.length) === 0x2f))
      throw new ArchiveInvalid("BelowFile", "It lies below an entry that is no folder.", { entry: name });
    if (!name.endsWith("/")) open.push(name);
  }
};

/** No two entries share bytes. `byOffset` holds the places in the order of their data. */
export const checkOverlaps = (directory: DirectoryColumns, byOffset: Uint32Array): void => {
  let end = 0;
  for (const place of byOffset) {
    const offset = directory.offset(place);
    if (offset < end) {
      const entry = directory.name(place);
      throw new ArchiveInvalid("Overlap", "Its bytes are those of another entry, too.", { entry });
    }
    end = offset + localHeaderBytes + directory.nameBytes(place) + directory.storedBytes(place);
  }
};
