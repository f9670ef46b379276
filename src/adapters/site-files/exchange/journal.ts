import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { EntryKind, ListedEntry } from "../../../domain/listing.ts";
import { bytes, syncDirectory } from "./area.ts";

/**
 * Everything a swap will do, on disk before its first rename: one line of JSON an operation. Paths are latin1 of raw
 * bytes, so a line is ASCII after escaping. What stood there before (`had`, `old`) is what putting back needs.
 */
export type JournalLine =
  /**
   * `had`: a file or link was there. `twin`: the line that removes a file which the file system may find under this path,
   * too, because the names differ in letter case only. `alike`: the file system may take it for what an earlier line makes.
   */
  | {
      readonly kind: "place";
      readonly path: BytePath;
      readonly attempt: string;
      readonly had: boolean;
      readonly twin?: number;
      readonly alike?: true;
    }
  | { readonly kind: "remove"; readonly path: BytePath }
  | { readonly kind: "makeDirectory"; readonly path: BytePath; readonly had: boolean; readonly alike?: true }
  | { readonly kind: "removeDirectory"; readonly path: BytePath; readonly old: JournalEntry }
  /** `old` is absent where the swap itself makes what it is about. */
  | {
      readonly kind: "setMetadata";
      readonly path: BytePath;
      readonly entry: JournalEntry;
      readonly old?: JournalEntry;
    }
  /** A folder that stays and in which something changes: that moves its time. */
  | { readonly kind: "touch"; readonly path: BytePath; readonly mtimeNs: string };

/** A listed entry as JSON can hold it. */
export interface JournalEntry {
  readonly path: BytePath;
  readonly kind: EntryKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner?: string;
  readonly group?: string;
  readonly mtimeNs: string;
}

export const journalEntry = (entry: ListedEntry): JournalEntry => {
  const { path, kind, mode, uid, gid, owner, group } = entry;
  const named = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  return { path, kind, mode, uid, gid, ...named, mtimeNs: String(entry.mtimeNs) };
};

export const listedEntry = (entry: JournalEntry): ListedEntry => ({
  ...entry,
  sizeBytes: 0,
  mtimeNs: BigInt(entry.mtimeNs),
});

const end = '{"kind":"end"}\n';
const flushAt = 2 ** 20;

/** Writes the journal under a temporary name, to the disk, and only then under its own. */
export const writeJournal = (file: string, lines: Iterable<JournalLine>): void => {
  const temporary = `${file}.new`;
  const descriptor = openSync(bytes(temporary), "w", 0o600);
  try {
    let text = "";
    for (const line of lines) {
      text += `${JSON.stringify(line)}\n`;
      if (text.length < flushAt) continue;
      writeAll(descriptor, text);
      text = "";
    }
    writeAll(descriptor, text + end);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(bytes(temporary), bytes(file));
  syncDirectory(file.slice(0, file.lastIndexOf("/")));
};

const writeAll = (descriptor: number, text: string): void => {
  const all = Buffer.from(text, "utf8");
  for (let at = 0; at < all.length;) at += writeSync(descriptor, all, at);
};

/** A journal read back: its lines by place, parsed when asked for, so that long ones cost their bytes only. */
export class Journal {
  readonly #text: Buffer;
  readonly #starts: number[] = [];

  constructor(file: string) {
    this.#text = readFileSync(bytes(file));
    let at = 0;
    for (let next = this.#text.indexOf(10); next >= 0; next = this.#text.indexOf(10, at)) {
      this.#starts.push(at);
      at = next + 1;
    }
    if (this.#text.subarray(-end.length).toString("latin1") !== end) throw new Error(`The journal ${file} is damaged.`);
    this.#starts.pop();
  }

  get length(): number {
    return this.#starts.length;
  }

  at(place: number): JournalLine {
    const start = this.#starts[place];
    if (start === undefined) throw new RangeError(`No line ${place} in the journal.`);
    const text = this.#text.toString("utf8", start, this.#text.indexOf(10, start));
    // Safe: written by writeJournal of this version, and complete (its last line says so).
    return JSON.parse(text) as JournalLine;
  }
}
