import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { pathBytes } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { LocalRoot } from "../../ports/site-files.ts";
import { ByteArena } from "../records/byte-arena.ts";
import { CentralEncoder } from "../records/central-encoder.ts";
import { sliceBytes } from "../content/content-hash.ts";
import { sliceRoom, stored, storeContent, storeSlice } from "../content/deflate-content.ts";
import { noOwnerNames, type DirectoryEntry } from "../records/directory-entry.ts";
import { entryMeta, entryRow, type ContentFacts } from "../listing/entry-row.ts";
import { listedRows } from "../listing/listing-encoding.ts";
import { ByteWriter } from "../records/little-endian.ts";
import { localHeaderLength, writeLocalHeader } from "../records/local-header.ts";
import { readListed } from "./read-listed.ts";

/** Several entries, each whole: what a thread packs at a time. */
export interface PackFilesJob {
  /** A slice of a listing (listing-encoding.ts). */
  readonly entries: Uint8Array;
  readonly suspectAfterNs: bigint;
  readonly level: number;
  /** Places of entries that changed while they were read. */
  readonly changed: readonly number[];
  /** Memory to pack into, with room for a slice: given away with the job, and back with its result. */
  readonly into?: Uint8Array<ArrayBuffer>;
  /** The content of the files, one after another; or where they lie on this machine. */
  readonly from: { readonly content: Uint8Array } | { readonly roots: readonly LocalRoot[] };
}

export interface PackFilesResult {
  /** Begins with local headers and stored bytes, entry after entry, as far as the last entry's end. */
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
  /** Memory to pack into, with room for any slice: given away with the job, and back with its result. */
  readonly into?: Uint8Array<ArrayBuffer>;
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
  /** Begins with a piece of a deflate stream (deflate-content.ts), */
  readonly output: Uint8Array<ArrayBuffer>;
  /** of this length. */
  readonly storedBytes: number;
  readonly storedCrc: number;
}

/** Undefined: it could not be read as listed. */
export interface PackSliceResult {
  readonly slice: PackedSlice | undefined;
}

/** One of each a thread, for what it reads and the records that it makes. */
let readBuffer: Buffer | undefined;
let records: ByteArena | undefined;

export const runPackFilesJob = (job: PackFilesJob): PackFilesResult => {
  records ??= new ByteArena();
  try {
    return packFiles(job, new ByteArena(job.into ?? sliceRoom(sliceBytes)), records);
  } finally {
    // Also after an error, for the next job.
    records.length = 0;
  }
};

const packFiles = (job: PackFilesJob, out: ByteArena, rows: ByteArena): PackFilesResult => {
  const owners = noOwnerNames();
  const contentOf = contentReader(job);
  const encoder = new CentralEncoder(owners);
  const ends = new Ends();
  let contentBytes = 0;
  let place = 0;
  for (const listed of listedRows(job.entries, owners)) {
    const content = contentOf(listed);
    if (content !== undefined) {
      const row = packWhole({ listed, content, job, hasChanged: job.changed.includes(place) }, out);
      encoder.write(row, rows);
      contentBytes += row.sizeBytes;
    }
    ends.add(out.length, rows.length, contentBytes);
    place++;
  }
  return { output: new Uint8Array(out.bytes.buffer), records: rows.take(), ...ends.finish() };
};

/** Writes an entry's local header and its stored bytes; the row's offset counts from the start of the arena. */
const packWhole = (
  entry: {
    readonly listed: ListedEntry;
    readonly content: Buffer;
    readonly job: PackFilesJob;
    readonly hasChanged: boolean;
  },
  out: ByteArena,
): DirectoryEntry => {
  const { listed, content, job } = entry;
  const meta = entryMeta(listed, job.suspectAfterNs);
  const offset = out.length;
  // Nothing is stored longer than it is, and no file packed whole is long enough for a longer header.
  const headerBytes = localHeaderLength({ name: meta.name, sizeBytes: content.length, storedBytes: content.length });
  out.reserve(headerBytes + content.length);
  const at = offset + headerBytes;
  const facts = contentFacts(listed, content, { level: job.level, into: out.bytes, at });
  const row = entryRow(meta, { ...facts, changedWhileRead: entry.hasChanged }, offset);
  writeLocalHeader(new ByteWriter(out.bytes, offset), row);
  out.length = at + row.storedBytes;
  return row;
};

/** Where each entry ends. */
class Ends {
  readonly #output: number[] = [];
  readonly #records: number[] = [];
  readonly #contents: number[] = [];

  add(output: number, records: number, contents: number): void {
    this.#output.push(output);
    this.#records.push(records);
    this.#contents.push(contents);
  }

  finish(): Pick<PackFilesResult, "outputEnds" | "recordEnds" | "contentEnds"> {
    return {
      outputEnds: Uint32Array.from(this.#output),
      recordEnds: Uint32Array.from(this.#records),
      contentEnds: Float64Array.from(this.#contents),
    };
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

const contentFacts = (
  { kind }: ListedEntry,
  content: Buffer,
  { level, into, at }: { readonly level: number; readonly into: Buffer; readonly at: number },
): Omit<ContentFacts, "changedWhileRead"> => {
  const isFile = kind === "file";
  if (!isFile) into.set(content, at);
  const { method, length } = isFile
    ? storeContent(content, level, { into, at })
    : { method: stored, length: content.length };
  const crc = crc32(content);
  return {
    method,
    crc,
    sizeBytes: content.length,
    storedBytes: length,
    hash: kind === "directory" ? undefined : hash("sha256", content, "buffer"),
    storedCrc: method === stored ? crc : crc32(into.subarray(at, at + length)),
  };
};

export const runPackSliceJob = ({ from, level, into }: PackSliceJob): PackSliceResult => {
  const content =
    "content" in from
      ? Buffer.from(from.content.buffer, from.content.byteOffset, from.content.length)
      : readSlice(from);
  if (content === undefined) return { slice: undefined };
  const output = into ?? new Uint8Array(sliceRoom(content.length));
  const packed = Buffer.from(output.buffer);
  const storedBytes = storeSlice(content, level, packed);
  return {
    slice: {
      sizeBytes: content.length,
      crc: crc32(content),
      hash: hash("sha256", content, "buffer"),
      output,
      storedBytes,
      storedCrc: crc32(packed.subarray(0, storedBytes)),
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
