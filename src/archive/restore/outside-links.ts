import { type BytePath, pathFromBytes } from "../../domain/byte-path.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { extractMany } from "../read/extract-many.ts";
import type { ExtractOptions } from "../read/extract-segments.ts";
import type { Archive } from "../read/open-archive.ts";
import { parentPath, rootOf, type RestoreScope } from "./restore-scope.ts";

interface OutsideLink {
  readonly path: BytePath;
  readonly target: BytePath;
}

/**
 * Whether a link may lead out of the directory of the site it lies in. Where a `..` follows a name, that name may be a
 * link itself and the way back up another one than it looks: that counts as leading out, too.
 */
export const leadsOutside = ({ path, target }: OutsideLink, scope: Pick<RestoreScope, "roots">): boolean => {
  if (target.startsWith("/") || /^[a-z]:|\\/i.test(target)) return true;
  const root = rootOf(scope, path);
  if (root === undefined) return true;
  const inRoot = parentPath(path).slice(root.length).split("/").filter(Boolean).length;
  let ups = 0;
  let hasName = false;
  for (const segment of target.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") hasName = true;
    else if (hasName) return true;
    else ups++;
  }
  return ups > inRoot;
};

/** Reads the targets of all links that `wants` wants, and tells those that lead out of the site. */
export const outsideLinks = async (
  archive: Archive,
  scope: Pick<RestoreScope, "roots">,
  options: ExtractOptions & { readonly wants: (path: BytePath) => boolean },
): Promise<readonly OutsideLink[]> => {
  const { directory } = archive;
  const pathOf = (place: number): BytePath => {
    // The cast is safe: a part of a byte path.
    return directory.name(place).slice(filesPrefix.length) as BytePath;
  };
  const links: number[] = [];
  for (let place = 0; place < directory.length; place++)
    if (directory.at(place).kind === "link" && directory.name(place).startsWith(filesPrefix))
      if (options.wants(pathOf(place))) links.push(place);
  const outside: OutsideLink[] = [];
  await extractMany(archive, links, {
    ...options,
    sink: {
      async put(place, content) {
        const pieces: Uint8Array[] = [];
        for await (const piece of content) pieces.push(piece);
        const link = { path: pathOf(place), target: pathFromBytes(Buffer.concat(pieces)) };
        if (leadsOutside(link, scope)) outside.push(link);
      },
    },
  });
  return outside.toSorted((a, b) => (a.path < b.path ? -1 : 1));
};
