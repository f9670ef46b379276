import { pathText, type BytePath } from "./byte-path.ts";

/**
 * Lower case, in ASCII, and no name that ends with what some file systems drop: as good as any of its spellings. Of a path
 * or a name.
 */
export const isPlain = (path: string): boolean => !/[A-Z\x80-\xff]|[. ](?:\/|$)/.test(path);

/**
 * The same for all names that a file system might take for one: in whatever letter case, normalised or not, with dots or
 * spaces at the end. Coarser than any file system, so equal ones have to be asked about. Of a part of a byte path.
 */
export const foldedName = (name: string): string => {
  if (isPlain(name)) return name;
  // The cast is safe: a part of a byte path is one.
  const folded = /[\x80-\xff]/.test(name) ? foldedText(pathText(name as BytePath)) : name.toLowerCase();
  return folded.replace(/[. ]+$/, "");
};

/** The same of all names in a path. */
export const foldedPath = (path: BytePath): string =>
  isPlain(path) ? path : path.split("/").map(foldedName).join("/");

const foldedText = (name: string): string =>
  name
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    // Upper case from lower case: some letters meet in the one, some in the other.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD");
