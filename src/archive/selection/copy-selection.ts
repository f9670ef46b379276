import type { BytePath } from "../../domain/byte-path.ts";
import { findEntry, placesBelow } from "../directory/browse.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";

interface Selection {
  /** In the order of the directory, each once. */
  readonly places: Uint32Array;
  /** What was asked for and is not in the archive. */
  readonly missing: readonly BytePath[];
}

/** Entries by their names in the archive, no slash at the end; a folder stands for everything in it, "" for all. */
export const selectEntries = (directory: DirectoryColumns, paths: readonly BytePath[]): Selection => {
  const chosen = new Uint8Array(directory.length);
  const missing: BytePath[] = [];
  for (const path of paths) {
    const self = path === "" ? undefined : findEntry(directory, path);
    const below = placesBelow(directory, path);
    chosen.fill(1, below.from, below.to);
    if (self !== undefined) chosen[self] = 1;
    else if (below.from === below.to && path !== "") missing.push(path);
  }
  const places = new Uint32Array(chosen.reduce((sum, one) => sum + one, 0));
  let count = 0;
  for (const [place, one] of chosen.entries()) if (one === 1) places[count++] = place;
  return { places, missing };
};
