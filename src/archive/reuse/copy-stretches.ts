import { stretchBytes, type CopyJob, type CopyResult } from "../threads/copy-job.ts";
import type { CopyShard } from "./copy-shards.ts";
import { combinedCrc } from "../content/crc-combine.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";

/** What a thread copies at a time: a block of the new archive. */
export interface CopyPart {
  readonly job: Omit<CopyJob, "source" | "room">;
  /** Number of its first stretch, and of the first entry that begins in it, among all of them. */
  readonly firstStretch: number;
  readonly firstEntry: number;
  /** Where it comes from, without gaps. */
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
  /** Entries that begin in it, and where in it. */
  readonly begun: readonly { readonly place: number; readonly at: number }[];
}

type Copied = Extract<CopyResult, { readonly crcs: Uint32Array }>;

/** The entries of a shard, in the order of their data, cut into stretches of at most `stretchBytes`, each of one entry. */
export class CopyStretches {
  readonly #directory: DirectoryColumns;
  readonly #shard: CopyShard;
  readonly #crcs: Uint32Array;
  readonly #storedCrcs: Uint32Array;

  constructor(directory: DirectoryColumns, shard: CopyShard) {
    this.#directory = directory;
    this.#shard = shard;
    let count = 0;
    for (const place of shard.archivedAt) count += Math.ceil(this.#extentOf(place).length / stretchBytes);
    this.#crcs = new Uint32Array(count);
    this.#storedCrcs = new Uint32Array(shard.archivedAt.length);
  }

  /** One after another, each at most this long, or of a single stretch. */
  *parts(partBytes: number): Generator<CopyPart> {
    let part = new PartBuilder(0, 0);
    for (const place of this.#shard.archivedAt) {
      const { offset, headBytes, length } = this.#extentOf(place);
      for (let done = 0; done < length; done += stretchBytes) {
        const stretch = Math.min(stretchBytes, length - done);
        if (part.length > 0 && part.length + stretch > partBytes) {
          yield part.finish(this.#shard);
          part = new PartBuilder(part.nextStretch, part.nextEntry);
        }
        if (done === 0) part.begin(place);
        part.add(offset + done, stretch, done === 0 ? headBytes : 0);
      }
    }
    if (part.length > 0) yield part.finish(this.#shard);
  }

  setCrcs({ firstStretch, firstEntry }: CopyPart, { crcs, storedCrcs }: Copied): void {
    this.#crcs.set(crcs, firstStretch);
    this.#storedCrcs.set(storedCrcs, firstEntry);
  }

  /** Whether the stored bytes of every entry have the checksum that the directory tells. */
  areWhole(): boolean {
    let stretch = 0;
    for (const [entry, place] of this.#shard.archivedAt.entries()) {
      let left = this.#extentOf(place).length - stretchBytes;
      let crc = this.#crcs[stretch++] ?? 0;
      for (; left > 0; left -= stretchBytes)
        crc = combinedCrc(crc, this.#crcs[stretch++] ?? 0, Math.min(stretchBytes, left));
      if (crc !== this.#storedCrcs[entry]) return false;
    }
    return true;
  }

  #extentOf(place: number): { readonly offset: number; readonly headBytes: number; readonly length: number } {
    const directory = this.#directory;
    const headBytes = directory.headerBytes(place);
    return { offset: directory.offset(place), headBytes, length: headBytes + directory.storedBytes(place) };
  }
}

class PartBuilder {
  length = 0;
  nextStretch: number;
  nextEntry: number;
  readonly #firstStretch: number;
  readonly #firstEntry: number;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #heads: number[] = [];
  readonly #begun: { readonly place: number; readonly at: number }[] = [];
  readonly #ranges: { offset: number; length: number }[] = [];

  constructor(firstStretch: number, firstEntry: number) {
    this.#firstStretch = firstStretch;
    this.nextStretch = firstStretch;
    this.#firstEntry = firstEntry;
    this.nextEntry = firstEntry;
  }

  /** The next stretch begins with its header. */
  begin(place: number): void {
    this.#begun.push({ place, at: this.length });
    this.nextEntry++;
  }

  add(start: number, length: number, headBytes: number): void {
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#heads.push(headBytes);
    this.length += length;
    this.nextStretch++;
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.offset + last.length === start) last.length += length;
    else this.#ranges.push({ offset: start, length });
  }

  finish({ records, recordEnds }: CopyShard): CopyPart {
    const from = this.#firstEntry === 0 ? 0 : (recordEnds[this.#firstEntry - 1] ?? 0);
    const ends = recordEnds.slice(this.#firstEntry, this.nextEntry);
    for (const [entry, end] of ends.entries()) ends[entry] = end - from;
    return {
      job: {
        starts: Float64Array.from(this.#starts),
        lengths: Uint32Array.from(this.#lengths),
        heads: Uint32Array.from(this.#heads),
        // In memory of its own, which travels.
        records: Uint8Array.from(records.subarray(from, from + (ends.at(-1) ?? 0))),
        recordEnds: ends,
      },
      firstStretch: this.#firstStretch,
      firstEntry: this.#firstEntry,
      ranges: this.#ranges,
      begun: this.#begun,
    };
  }
}
