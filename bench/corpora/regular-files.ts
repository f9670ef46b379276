import { readdirSync } from "node:fs";
import { join, relative } from "node:path";

interface RegularFile {
  readonly absolute: string;
  readonly relative: string;
}

/** All regular files below a folder, in the order of their paths. */
export const regularFiles = (root: string): readonly RegularFile[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((absolute) => ({ absolute, relative: relative(root, absolute).replaceAll("\\", "/") }))
    .sort((a, b) => (a.relative < b.relative ? -1 : 1));
