import type { BytePath } from "../../domain/byte-path.ts";
import { foldedName, isPlain } from "../../domain/folded-path.ts";
import type { SwapOperation } from "../../ports/site-host.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";

/** Names in one folder that a file system might take for one; at least one of them is not in the site yet. */
export type NameTwins = readonly BytePath[];

interface Changes {
  /** Of the site before them; sorted. */
  readonly listing: ListingColumns;
  readonly operations: () => Iterable<SwapOperation>;
}

/** Of what will be in the site once the changes are made. */
export const nameTwins = ({ listing, operations }: Changes): readonly NameTwins[] => {
  const keys = keysOfTwins({ listing, operations });
  if (keys.size === 0) return [];
  const groups = new Map<string, Set<BytePath>>();
  const add = (path: BytePath): void => {
    const key = keyOf(path);
    if (keys.has(key)) groups.set(key, (groups.get(key) ?? new Set()).add(path));
  };
  for (const path of pathsOf(listing)) add(path);
  for (const path of madeBy(operations())) add(path);
  const gone = removedBy(operations());
  return [...groups.values()].flatMap((group) => {
    const staying = [...group].filter((path) => !gone.has(path));
    const isNew = (path: BytePath): boolean => listing.find(path) < 0 && listing.find(slashed(path)) < 0;
    return staying.length > 1 && staying.some(isNew) ? [staying] : [];
  });
};

/** Of what is made and has a name so near to that of something else; as a rule there is none, and nothing else is held. */
const keysOfTwins = ({ listing, operations }: Changes): ReadonlySet<string> => {
  const keys = new Set<string>();
  const made = new Map<string, BytePath>();
  for (const path of madeBy(operations())) {
    const key = keyOf(path);
    const other = made.get(key);
    if (other === undefined) made.set(key, path);
    else if (other !== path) keys.add(key);
  }
  if (made.size === 0) return keys;
  for (const path of pathsOf(listing)) {
    const key = keyOf(path);
    const other = made.get(key);
    if (other !== undefined && other !== path) keys.add(key);
  }
  return keys;
};

/** The same for names in one folder that a file system might take for one. */
const keyOf = (path: BytePath): string => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return isPlain(name) ? path : `${path.slice(0, path.length - name.length)}${foldedName(name)}`;
};

function* pathsOf(listing: ListingColumns): Generator<BytePath> {
  for (let place = 0; place < listing.length; place++) yield pathOf(listing.name(place));
}

function* madeBy(operations: Iterable<SwapOperation>): Generator<BytePath> {
  for (const operation of operations)
    if (operation.kind === "place" || operation.kind === "makeDirectory") yield operation.path;
}

// The cast is safe: a byte path with a slash.
const slashed = (path: BytePath): BytePath => `${path}/` as BytePath;

// The cast is safe: a byte path without its last slash.
const pathOf = (name: BytePath): BytePath => (name.endsWith("/") ? (name.slice(0, -1) as BytePath) : name);

/** What is taken away, unless something else of that name comes in its place. */
const removedBy = (operations: Iterable<SwapOperation>): ReadonlySet<BytePath> => {
  const gone = new Set<BytePath>();
  for (const operation of operations) {
    if (operation.kind === "remove" || operation.kind === "removeDirectory") gone.add(operation.path);
    if (operation.kind === "place" || operation.kind === "makeDirectory") gone.delete(operation.path);
  }
  return gone;
};
