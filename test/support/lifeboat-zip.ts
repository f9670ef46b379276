import { crc32, deflateRawSync } from "node:zlib";
import { archiveComment, CommitIdBuilder } from "../../src/archive/directory/commit-id.ts";
import { ContentHasher } from "../../src/archive/content/content-hash.ts";
import { DirectoryColumns } from "../../src/archive/directory/directory-columns.ts";
import type { DirectoryEntry } from "../../src/archive/records/directory-entry.ts";
import { encodeEnd } from "../../src/archive/records/end-records.ts";
import { encodeLocalHeader } from "../../src/archive/records/local-header.ts";
import { pathFromBytes, pathFromText } from "../../src/domain/byte-path.ts";

export interface Content {
  /** A folder's ends with "/". */
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly link?: boolean;
  /** Overrides anything the directory says about it. */
  readonly entry?: Partial<DirectoryEntry>;
}

/** A file's, folder's or link's row as packing makes it, and its stored bytes; the offset is still 0. */
export const packedEntry = (given: Content): { readonly entry: DirectoryEntry; readonly stored: Buffer } => {
  const name = typeof given.name === "string" ? pathFromText(given.name) : pathFromBytes(given.name);
  const content = Buffer.from(given.content ?? "");
  const kind = name.endsWith("/") ? "directory" : given.link === true ? "link" : "file";
  const deflated = kind === "file" ? deflateRawSync(content, { level: 4 }) : content;
  const method = kind === "file" && deflated.length < content.length ? 8 : 0;
  const stored = method === 8 ? deflated : content;
  const hasher = new ContentHasher();
  hasher.update(content);
  const entry: DirectoryEntry = {
    name,
    kind,
    method,
    generalFlags: 0,
    crc: crc32(content),
    sizeBytes: content.length,
    storedBytes: stored.length,
    offset: 0,
    mode: kind === "directory" ? 0o755 : kind === "link" ? 0o777 : 0o644,
    uid: 33,
    gid: 33,
    mtimeNs: 1_700_000_000_123_456_789n,
    ctimeNs: undefined,
    inode: undefined,
    hash: kind === "directory" ? undefined : hasher.digest(),
    storedCrc: crc32(stored),
    changedWhileRead: false,
    mayHaveChanged: false,
    ...given.entry,
  };
  return { entry, stored };
};

/** An archive exactly as Lifeboat writes it, made in memory without threads; data in the order given. */
export const lifeboatZip = (contents: readonly Content[]): Buffer => {
  const directory = new DirectoryColumns();
  const parts: Buffer[] = [];
  let offset = 0;
  for (const given of contents) {
    const { entry, stored } = packedEntry(given);
    const header = encodeLocalHeader(entry);
    directory.append({ ...entry, offset });
    parts.push(header, stored);
    offset += header.length + stored.length;
  }
  directory.sort();
  const records = Buffer.concat([...directory.encode()]);
  const commitId = new CommitIdBuilder().update(records).finish();
  const extent = { entries: directory.length, offset, sizeBytes: records.length };
  return Buffer.concat([...parts, records, encodeEnd(extent, archiveComment(commitId))]);
};
