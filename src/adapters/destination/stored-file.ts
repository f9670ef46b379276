import type { BigIntStats } from "node:fs";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { StoredObject } from "../../ports/destination.ts";
import type { Version } from "./directory-metadata.ts";

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
  if (BigInt(range.offset + range.length) > size)
    throw new StoreFailure("OutOfRange", `${name} ends at ${size}, before byte ${range.offset + range.length}.`);
};

export const changed = (name: string): StoreFailure =>
  new StoreFailure("SourceChanged", `${name} is no longer what it was a moment ago. Read it anew.`);

export const taken = (name: string): StoreFailure =>
  new StoreFailure("AlreadyExists", `${name} exists and is left as it is. Take another name.`);
