import { crc32 } from "node:zlib";
import { ArchiveInvalid, type ArchiveInvalidCode } from "../archive-invalid.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { freeResult } from "../content/free-memory.ts";
import { inflateWhole } from "../content/inflate-entry.ts";
import { writeNewFile, type FileStamp } from "./write-new-file.ts";

/** One entry in the bytes of a job. */
type ExtractEntry = Pick<DirectoryEntry, "method" | "crc" | "sizeBytes" | "storedBytes" | "hash" | "storedCrc">;

/** Bytes of an archive and where in them entries lie. Goes to a worker thread, so: buffers, no objects an entry. */
export interface ExtractJob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `factCount` numbers an entry. */
  readonly facts: Float64Array<ArrayBuffer>;
  readonly hashes: Uint8Array<ArrayBuffer>;
  /** What to do with the checked contents: forget, give back, or write into new files. */
  readonly output: "check" | "return" | readonly (NewFile | undefined)[];
}

export interface NewFile extends FileStamp {
  /** latin1, one character a byte. */
  readonly path: string;
}

/** An entry that is not what the directory says. */
interface ExtractFault {
  readonly index: number;
  readonly code: ArchiveInvalidCode;
  readonly what: string;
}

export interface ExtractResult {
  readonly faults: readonly ExtractFault[];
  /** With output "return": the contents of the entries without fault, one behind the other. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** How many files could not be given to their owner. */
  readonly ownerRefused: number;
}

const factCount = 7;
const unknown = -1;

/** Collects the entries of one job; `dataStart` is where an entry's stored bytes begin in the job's bytes. */
export class ExtractJobBuilder {
  readonly #facts: number[] = [];
  readonly #hashes: Uint8Array[] = [];
  static readonly #noHash = new Uint8Array(hashBytes);

  add(entry: ExtractEntry, dataStart: number): void {
    const { method, crc, sizeBytes, storedBytes, storedCrc } = entry;
    this.#facts.push(dataStart, storedBytes, sizeBytes, crc, method, entry.hash ? 1 : 0, storedCrc ?? unknown);
    this.#hashes.push(entry.hash ?? ExtractJobBuilder.#noHash);
  }

  finish(bytes: Uint8Array<ArrayBuffer>, output: ExtractJob["output"]): ExtractJob {
    const hashes = new Uint8Array(this.#hashes.length * hashBytes);
    this.#hashes.forEach((hash, index) => hashes.set(hash, index * hashBytes));
    return { bytes, facts: Float64Array.from(this.#facts), hashes, output };
  }
}

/** Inflates and checks every entry of a job. Only failures of the file system throw; damaged entries are results. */
export const runExtractJob = (job: ExtractJob): ExtractResult => {
  const faults: ExtractFault[] = [];
  const contents: Uint8Array[] = [];
  let ownerRefused = 0;
  for (let index = 0; index * factCount < job.facts.length; index++) {
    const content = checkedContent(job, index, faults);
    if (content === undefined) continue;
    if (job.output === "return") contents.push(content);
    else if (job.output !== "check") {
      const file = job.output[index];
      if (file && !writeNewFile(Buffer.from(file.path, "latin1"), content, file)) ownerRefused++;
    }
    if (job.output !== "return") freeInflated(job, content);
  }
  const content = joined(contents);
  for (const one of contents) freeInflated(job, one);
  return { faults, content, ownerRefused };
};

/** What was stored as it is lies in the job's bytes still. */
const freeInflated = (job: ExtractJob, content: Uint8Array): void => {
  if (content.buffer !== job.bytes.buffer) freeResult(content);
};

const checkedContent = (job: ExtractJob, index: number, faults: ExtractFault[]): Uint8Array | undefined => {
  const fact = (column: number): number => job.facts[index * factCount + column] ?? 0;
  const start = fact(0);
  const stored = job.bytes.subarray(start, start + fact(1));
  const hash = fact(5) === 1 ? job.hashes.subarray(index * hashBytes, (index + 1) * hashBytes) : undefined;
  try {
    const storedCrc = fact(6) === unknown ? undefined : crc32(stored);
    if (storedCrc !== undefined && storedCrc !== fact(6))
      throw new ArchiveInvalid("StoredCrcMismatch", "What is stored of it was changed.");
    const entry = { method: fact(4), generalFlags: 0, crc: fact(3), sizeBytes: fact(2), hash };
    return inflateWhole(entry, stored, storedCrc);
  } catch (error) {
    if (!(error instanceof ArchiveInvalid)) throw error;
    faults.push({ index, code: error.code, what: error.what });
    return undefined;
  }
};

const joined = (contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(contents.reduce((sum, content) => sum + content.length, 0));
  let at = 0;
  for (const content of contents) {
    all.set(content, at);
    at += content.length;
  }
  return all;
};
