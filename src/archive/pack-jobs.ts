import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { pathBytes } from "../domain/byte-path.ts";
import type { ListedEntry } from "../domain/listing.ts";
import type { LocalRoot } from "../ports/site-files.ts";
import { CentralEncoder } from "./central-encoder.ts";
import { sliceBytes } from "./content-hash.ts";
import { deflatedSlice, stored, storedContent } from "./deflate-content.ts";
import { entryMeta, entryRow, type ContentFacts } from "./entry-row.ts";
import { encodeLocalHeader } from "./local-header.ts";
import { decodeListing } from "./listing-encoding.ts";
import { readListed } from "./read-listed.ts";

/** Several entries, each whole: what a thread packs at a time. */
export interface PackFilesJob {
  /** A slice of a listing (listing-encoding.ts). */
  readonly entries: Uint8Array;
  readonly suspectAfterNs: bigint;
  readonly level: number;
  /** Places of entries that changed while they were read. */
  readonly changed: readonly number[];
  /** The content of the files, one after another; or where they lie on this machine. */
  readonly from: { readonly content: Uint8Array } | { readonly roots: readonly LocalRoot[] };
}

export interface PackFilesResult {
  /** Local headers and stored bytes, entry after entry. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** Their directory records, with offsets from the start of the output. */
  readonly records: Uint8Array<ArrayBuffer>;
  /** Where each entry ends in the output and in the records. An entry of no records could not be read as listed. */
  readonly outputEnds: Uint32Array;
  readonly recordEnds: Uint32Array;
  /** Their contents' lengths, summed up so far. */
  readonly contentEnds: Float64Array;
}

export const noPackedFiles: PackFilesResult = {
  output: new Uint8Array(),
  records: new Uint8Array(),
  outputEnds: new Uint32Array(),
  recordEnds: new Uint32Array(),
  contentEnds: new Float64Array(),
};

/** A slice of a large file. */
export interface PackSliceJob {
  readonly level: number;
  readonly from:
    | { readonly content: Uint8Array }
    | {
        readonly roots: readonly LocalRoot[];
        readonly listed: ListedEntry;
        readonly offset: number;
        readonly length: number;
      };
}

export interface PackedSlice {
  readonly sizeBytes: number;
  readonly crc: number;
  readonly hash: Uint8Array;
  /** A piece of a deflate stream (deflate-content.ts). */
  readonly output: Uint8Array<ArrayBuffer>;
  readonly storedCrc: number;
}

/** Undefined: it could not be read as listed. */
export interface PackSliceResult {
  readonly slice: PackedSlice | undefined;
}

/** One buffer a thread, for what it reads. */
let readBuffer: Buffer | undefined;

const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.byteLength)
    return new Uint8Array(bytes.buffer);
  return new Uint8Array(bytes);
};

const joined = (parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

export const runPackFilesJob = (job: PackFilesJob): PackFilesResult => {
  const listing = decodeListing([job.entries]);
  const contentOf = contentReader(job);
  const encoder = new CentralEncoder(listing.owners);
  const output = new Joined(listing.length);
  const records = new Joined(listing.length);
  const contentEnds = new Float64Array(listing.length);
  let contentBytes = 0;
  for (let place = 0; place < listing.length; place++) {
    const listed = listing.at(place);
    const content = contentOf(listed);
    if (content !== undefined) {
      const { facts, bytes } = packedContent(listed, content, job.level);
      const changedWhileRead = job.changed.includes(place);
      const row = entryRow(entryMeta(listed, job.suspectAfterNs), { ...facts, changedWhileRead }, output.length);
      output.add(encodeLocalHeader(row));
      // The content may lie in the buffer that the next file is read into.
      output.add(bytes === content ? Buffer.from(bytes) : bytes);
      records.add(encoder.encode(row));
      contentBytes += row.sizeBytes;
    }
    contentEnds[place] = contentBytes;
    output.endEntry();
    records.endEntry();
  }
  return {
    output: output.finish(),
    records: records.finish(),
    outputEnds: output.ends,
    recordEnds: records.ends,
    contentEnds,
  };
};

/** Bytes collected entry by entry. */
class Joined {
  readonly ends: Uint32Array;
  readonly #parts: Uint8Array[] = [];
  #entries = 0;
  length = 0;

  constructor(entries: number) {
    this.ends = new Uint32Array(entries);
  }

  add(part: Uint8Array): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  endEntry(): void {
    this.ends[this.#entries++] = this.length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return joined(this.#parts, this.length);
  }
}

const contentReader = (job: PackFilesJob): ((listed: ListedEntry) => Buffer | undefined) => {
  const { from } = job;
  let at = 0;
  return (listed) => {
    if (listed.kind === "link") return pathBytes(listed.target ?? listed.path);
    if (listed.kind === "directory") return Buffer.alloc(0);
    const length = listed.sizeBytes;
    if ("content" in from) {
      const bytes = Buffer.from(from.content.buffer, from.content.byteOffset + at, length);
      at += length;
      return bytes;
    }
    readBuffer ??= Buffer.allocUnsafeSlow(sliceBytes);
    return readListed(from.roots, listed, { offset: 0, length, buffer: readBuffer });
  };
};

const packedContent = (
  listed: ListedEntry,
  content: Buffer,
  level: number,
): { readonly facts: Omit<ContentFacts, "changedWhileRead">; readonly bytes: Buffer } => {
  const { method, bytes } = listed.kind === "file" ? storedContent(content, level) : { method: stored, bytes: content };
  const crc = crc32(content);
  const facts = {
    method,
    crc,
    sizeBytes: content.length,
    storedBytes: bytes.length,
    hash: listed.kind === "directory" ? undefined : hash("sha256", content, "buffer"),
    storedCrc: method === stored ? crc : crc32(bytes),
  };
  return { facts, bytes };
};

export const runPackSliceJob = ({ from, level }: PackSliceJob): PackSliceResult => {
  const content =
    "content" in from
      ? Buffer.from(from.content.buffer, from.content.byteOffset, from.content.length)
      : readSlice(from);
  if (content === undefined) return { slice: undefined };
  const bytes = content.length === 0 ? content : deflatedSlice(content, level);
  return {
    slice: {
      sizeBytes: content.length,
      crc: crc32(content),
      hash: hash("sha256", content, "buffer"),
      output: ownBytes(bytes),
      storedCrc: crc32(bytes),
    },
  };
};

const readSlice = ({
  roots,
  listed,
  offset,
  length,
}: Exclude<PackSliceJob["from"], { readonly content: Uint8Array }>) => {
  readBuffer ??= Buffer.allocUnsafeSlow(sliceBytes);
  return readListed(roots, listed, { offset, length, buffer: readBuffer });
};
