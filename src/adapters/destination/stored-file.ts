import type { BigIntStats } from "node:fs";
import type { StoredObject } from "../../ports/destination.ts";
import type { Version } from "./directory-metadata.ts";
import { tooShort } from "./object-failures.ts";

/** A file as the object that it is in its container. */

export const etagOf = ({ ino, size, mtimeNs }: BigIntStats): string =>
  [ino, size, mtimeNs].map((part) => part.toString(36)).join("-");

export const versionOf = (name: string, { size, mtimeNs }: BigIntStats): Version => ({ name, size, mtimeNs });

export const described = (
  name: string,
  stats: BigIntStats,
  metadata: Readonly<Record<string, string>>,
): StoredObject => ({
  name,
  sizeBytes: Number(stats.size),
  etag: etagOf(stats),
  modified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  metadata: { ...metadata },
});

export const checkInside = (
  name: string,
  { size }: BigIntStats,
  range: { readonly offset: number; readonly length: number },
): void => {
  if (BigInt(range.offset + range.length) > size) throw tooShort(name, size, range.offset + range.length);
};
