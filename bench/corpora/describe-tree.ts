import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { regularFiles } from "./regular-files.ts";

export interface TreeDescription {
  readonly files: number;
  readonly bytes: number;
  readonly medianBytes: number;
  readonly largestBytes: number;
  /** Over paths and contents: equal on two machines when they measured the same corpus. */
  readonly sha256: string;
}

export const describeTree = (root: string): TreeDescription => {
  const hash = createHash("sha256");
  const sizes: number[] = [];
  for (const file of regularFiles(root)) {
    const content = readFileSync(file.absolute);
    hash.update(`${file.relative}\0${createHash("sha256").update(content).digest("hex")}\n`);
    sizes.push(content.length);
  }
  sizes.sort((a, b) => a - b);
  return {
    files: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    medianBytes: sizes[Math.floor(sizes.length / 2)] ?? 0,
    largestBytes: sizes.at(-1) ?? 0,
    sha256: hash.digest("hex"),
  };
};
