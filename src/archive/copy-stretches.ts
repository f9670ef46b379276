import { ByteArena } from "./byte-arena.ts";
import { stretchBytes, type CopyJob } from "./copy-job.ts";
import { combinedCrc } from "./crc-combine.ts";
import type { DirectoryColumns } from "./directory-columns.ts";
import { ByteWriter } from "./little-endian.ts";
import { localHeaderLength, writeLocalHeader } from "./local-header.ts";

/** What a thread copies at a time: a block of the new archive. */
export interface CopyPart {
  readonly job: Pick<CopyJob, "starts" | "lengths" | "heads" | "headEnds">;
  /** Number of its first stretch among all of them. */
  readonly firstStretch: number;
  /** Where it comes from, without gaps. */
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
  /** Entries whose headers lie in it, and where in it. */
  readonly begun: readonly { readonly place: number; readonly at: number }[];
}

/** Entries of an archive, in the order of their data, cut into stretches of at most `stretchBytes`, each of one entry. */
export class CopyStretches {
  readonly #directory: DirectoryColumns;
  readonly #places: Uint32Array;
  readonly #crcs: Uint32Array;

  constructor(directory: DirectoryColumns, places: Uint32Array) {
    this.#directory = directory;
    this.#places = places;
    let count = 0;
    for (const place of places) count += this.#countOf(place);
    this.#crcs = new Uint32Array(count);
  }

  /** One after another, each at most this long, or of a single stretch. */
  *parts(partBytes: number): Generator<CopyPart> {
    let part = new PartBuilder(0);
    for (const place of this.#places) {
      const entry = this.#directory.at(place);
      const headBytes = localHeaderLength(entry);
      const end = entry.offset + headBytes + entry.storedBytes;
      for (let start = entry.offset; start < end; start += stretchBytes) {
        const length = Math.min(stretchBytes, end - start);
        if (part.length > 0 && part.length + length > partBytes) {
          yield part.finish();
          part = new PartBuilder(part.nextStretch);
        }
        if (start === entry.offset) part.begin(place, headBytes, (out) => writeLocalHeader(out, entry));
        part.add(start, length);
      }
    }
    if (part.length > 0) yield part.finish();
  }

  setCrcs({ firstStretch }: CopyPart, crcs: Uint32Array): void {
    this.#crcs.set(crcs, firstStretch);
  }

  /** Whether the stored bytes of every entry have the checksum that the directory tells. */
  areWhole(): boolean {
    let stretch = 0;
    for (const place of this.#places) {
      const { storedBytes, storedCrc, ...entry } = this.#directory.at(place);
      let left = storedBytes + localHeaderLength({ storedBytes, ...entry }) - stretchBytes;
      let crc = this.#crcs[stretch++] ?? 0;
      for (; left > 0; left -= stretchBytes)
        crc = combinedCrc(crc, this.#crcs[stretch++] ?? 0, Math.min(stretchBytes, left));
      if (crc !== storedCrc) return false;
    }
    return true;
  }

  #countOf(place: number): number {
    const sizes = { sizeBytes: this.#directory.sizeBytes(place), storedBytes: this.#directory.storedBytes(place) };
    const headBytes = localHeaderLength({ name: { length: this.#directory.nameLength(place) }, ...sizes });
    return Math.ceil((headBytes + sizes.storedBytes) / stretchBytes);
  }
}

class PartBuilder {
  length = 0;
  nextStretch: number;
  readonly #firstStretch: number;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #heads = new ByteArena();
  readonly #headEnds: number[] = [];
  readonly #begun: { readonly place: number; readonly at: number }[] = [];
  readonly #ranges: { offset: number; length: number }[] = [];

  constructor(firstStretch: number) {
    this.#firstStretch = firstStretch;
    this.nextStretch = firstStretch;
  }

  /** The next stretch begins with this header. */
  begin(place: number, headBytes: number, write: (out: ByteWriter) => void): void {
    this.#begun.push({ place, at: this.length });
    this.#heads.reserve(headBytes);
    write(new ByteWriter(this.#heads.bytes, this.#heads.length));
    this.#heads.length += headBytes;
  }

  add(start: number, length: number): void {
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#headEnds.push(this.#heads.length);
    this.length += length;
    this.nextStretch++;
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.offset + last.length === start) last.length += length;
    else this.#ranges.push({ offset: start, length });
  }

  finish(): CopyPart {
    return {
      job: {
        starts: Float64Array.from(this.#starts),
        lengths: Uint32Array.from(this.#lengths),
        heads: this.#heads.take(),
        headEnds: Uint32Array.from(this.#headEnds),
      },
      firstStretch: this.#firstStretch,
      ranges: this.#ranges,
      begun: this.#begun,
    };
  }
}
