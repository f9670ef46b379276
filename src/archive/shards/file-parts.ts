import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import { decodeCentralRecord } from "../records/central-decoder.ts";
import { noOwnerNames, type DirectoryEntry } from "../records/directory-entry.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { added, largeFacts, noSlices } from "./large-facts.ts";
import type { FilePart } from "./shard-index.ts";

/** A part, and the place of its shard among all. */
export interface PlacedPart {
  readonly shard: number;
  readonly part: FilePart;
}

/** A file whose slices several shards have packed. */
export interface JoinedFile {
  readonly parts: readonly PlacedPart[];
  /** How many of the parts the file is made of: none when it is left out, and what comes behind its end is not used. */
  readonly usedParts: number;
  readonly result: DirectoryEntry | LeftOut;
}

const recordOf = (part: FilePart): DirectoryEntry => decodeCentralRecord(part.record, 0, noOwnerNames());

/** Path in the site of a name in the archive. */
// The cast is safe: a part of a byte path.
const pathOf = (name: BytePath): BytePath => name.slice(filesPrefix.length) as BytePath;

/** Puts the parts of each file together. Throws when some are missing: then the shards are not those of one plan. */
export const joinParts = (parts: readonly PlacedPart[]): readonly JoinedFile[] => {
  const files: JoinedFile[] = [];
  for (let at = 0; at < parts.length;) {
    let end = at + 1;
    while (end < parts.length && (parts[end]?.part.firstSlice ?? 0) > 0) end++;
    files.push(joined(parts.slice(at, end)));
    at = end;
  }
  return files;
};

const joined = (parts: readonly PlacedPart[]): JoinedFile => {
  const [first] = parts;
  if (first === undefined || first.part.firstSlice !== 0) throw missing(parts);
  const meta = recordOf(first.part);
  if (parts.some(({ part }) => recordOf(part).name !== meta.name)) throw missing(parts);
  const failure = parts.find(({ part }) => part.failure !== undefined)?.part.failure;
  if (failure !== undefined) return { parts, usedParts: 0, result: { path: pathOf(meta.name), reason: failure } };
  const usedParts = parts.findIndex(({ part }) => part.isEnd) + 1;
  if (usedParts === 0) throw missing(parts);
  const used = parts.slice(0, usedParts);
  let sums = noSlices;
  for (const { part } of used) {
    if (part.firstSlice !== sums.hashes.length / hashBytes && part.sums.sizeBytes > 0) throw missing(parts);
    sums = added(sums, part.sums);
  }
  const hasChanged = parts.some(({ part }) => part.hasChanged);
  return { parts, usedParts, result: { ...meta, ...largeFacts(sums, hasChanged) } };
};

const missing = (parts: readonly PlacedPart[]): Error => {
  const [first] = parts;
  return new Error(`Slices of ${first ? recordOf(first.part).name : "a file"} are missing: shards of different plans?`);
};
