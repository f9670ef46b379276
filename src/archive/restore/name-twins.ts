import type { BytePath } from "../../domain/byte-path.ts";
import { foldedName, isPlain } from "../../domain/folded-path.ts";
import type { SwapOperation } from "../../ports/site-host.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { parentPath } from "./restore-scope.ts";

/** Names in one folder that a file system might take for one; at least one of them is not in the site yet. */
export type NameTwins = readonly BytePath[];

interface Changes {
  /** Of the site before them; sorted. */
  readonly listing: ListingColumns;
  readonly operations: () => Iterable<SwapOperation>;
}

/** Of what will be in the site once the changes are made. Only names that are not plain, and their twins, are held. */
export const nameTwins = ({ listing, operations }: Changes): readonly NameTwins[] => {
  const groups = new Map<string, Map<BytePath, "there" | "new">>();
  const add = (path: BytePath, state: "there" | "new", onlyPlain: boolean): void => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (isPlain(name) !== onlyPlain) return;
    const key = `${parentPath(path)}/${foldedName(name)}`;
    const group = groups.get(key) ?? new Map<BytePath, "there" | "new">();
    if (onlyPlain && group.size === 0) return;
    groups.set(key, group.set(path, group.get(path) ?? state));
  };
  for (const onlyPlain of [false, true]) {
    for (let place = 0; place < listing.length; place++) {
      const name = listing.name(place);
      add(pathOf(name), "there", onlyPlain);
    }
    for (const operation of operations())
      if (operation.kind === "place" || operation.kind === "makeDirectory") add(operation.path, "new", onlyPlain);
  }
  if (groups.size === 0) return [];
  const gone = removedOf(operations());
  return [...groups.values()].flatMap((group) => {
    for (const path of group.keys()) if (gone.has(path)) group.delete(path);
    return group.size > 1 && [...group.values()].includes("new") ? [[...group.keys()]] : [];
  });
};

// The cast is safe: a byte path without its last slash.
const pathOf = (name: BytePath): BytePath => (name.endsWith("/") ? (name.slice(0, -1) as BytePath) : name);

/** What is taken away, unless something else of that name comes in its place. */
const removedOf = (operations: Iterable<SwapOperation>): ReadonlySet<BytePath> => {
  const gone = new Set<BytePath>();
  for (const operation of operations) {
    if (operation.kind === "remove" || operation.kind === "removeDirectory") gone.add(operation.path);
    if (operation.kind === "place" || operation.kind === "makeDirectory") gone.delete(operation.path);
  }
  return gone;
};
