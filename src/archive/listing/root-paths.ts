import type { BytePath } from "../../domain/byte-path.ts";
import type { LocalRoot } from "../../ports/site-files.ts";

/** Where a site's path lies on this machine: latin1, one character a byte. Undefined when it lies in none of the roots. */
export const rootPaths = (roots: readonly LocalRoot[]): ((path: BytePath) => string | undefined) => {
  // The innermost root first: it stands in front of what outer ones have there.
  const byDepth = roots
    .map(({ at, directory }) => ({ at, directory: Buffer.from(directory, "utf8").toString("latin1") }))
    .toSorted((a, b) => b.at.length - a.at.length);
  return (path) => {
    for (const { at, directory } of byDepth) {
      if (path === at) return directory;
      if (at === "") return `${directory}/${path}`;
      if (path.startsWith(`${at}/`)) return `${directory}${path.slice(at.length)}`;
    }
    return undefined;
  };
};
