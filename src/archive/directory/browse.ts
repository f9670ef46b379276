import type { BytePath } from "../../domain/byte-path.ts";
import type { DirectoryColumns } from "./directory-columns.ts";

/** The first place whose name is not before `name`; the length when all are. Needs the directory sorted. */
export const firstPlace = (directory: DirectoryColumns, name: string): number => {
  let low = 0;
  let high = directory.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (directory.name(middle) < name) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The place of the file, link or folder with this path (no slash at its end), or undefined. */
export const findEntry = (directory: DirectoryColumns, path: BytePath): number | undefined => {
  // The cast is safe: a byte path with an ASCII character behind it is one.
  for (const name of [path, `${path}/` as BytePath]) {
    const place = directory.find(name);
    if (place >= 0) return place;
  }
  return undefined;
};

/** Places of everything below a folder, without the folder itself: from `from` to `to` (exclusive). "" is the root. */
export const placesBelow = (
  directory: DirectoryColumns,
  folder: BytePath,
): { readonly from: number; readonly to: number } => {
  if (folder === "") return { from: 0, to: directory.length };
  const self = firstPlace(directory, `${folder}/`);
  const from = self < directory.length && directory.name(self) === `${folder}/` ? self + 1 : self;
  // "0" is the character after "/".
  return { from, to: firstPlace(directory, `${folder}0`) };
};

interface Child {
  /** Its last segment. */
  readonly name: BytePath;
  readonly isFolder: boolean;
  /** Undefined for a folder that has no entry of its own, only entries below it. */
  readonly place: number | undefined;
}

/** What lies directly in a folder, in the archive's order. Costs a few look-ups a child, whatever lies below it. */
export function* childrenOf(directory: DirectoryColumns, folder: BytePath): Generator<Child> {
  const prefix = folder === "" ? "" : `${folder}/`;
  const { from, to } = placesBelow(directory, folder);
  for (let place = from; place < to;) {
    const full = directory.name(place);
    const slash = full.indexOf("/", prefix.length);
    // The casts are safe: parts of a byte path.
    if (slash < 0) {
      yield { name: full.slice(prefix.length) as BytePath, isFolder: false, place };
      place++;
    } else {
      const name = full.slice(prefix.length, slash) as BytePath;
      yield { name, isFolder: true, place: slash === full.length - 1 ? place : undefined };
      place = firstPlace(directory, `${full.slice(0, slash)}0`);
    }
  }
}

/** Whether anything lies in a folder, which need have no entry of its own; its name ends with "/". */
export const hasBelow = (directory: DirectoryColumns, folder: BytePath): boolean => {
  const place = firstPlace(directory, folder);
  return place < directory.length && directory.name(place).startsWith(folder);
};
