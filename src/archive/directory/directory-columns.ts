import { pathBytes, type BytePath } from "../../domain/byte-path.ts";
import { ByteArena } from "../records/byte-arena.ts";
import { ByteStore } from "./byte-store.ts";
import { CentralEncoder, centralHeaderBytes } from "../records/central-encoder.ts";
import { noOwnerNames, type DirectoryEntry, type OwnerNames } from "../records/directory-entry.ts";
import { hashBytes } from "../records/extra-fields.ts";
import { localHeaderLength } from "../records/local-header.ts";
import { has, is, kinds, newSlab, slabBits, slabRows, type Slab } from "./directory-slab.ts";
import { mostPlainBytes } from "./plain-form.ts";
import { readPlainRecord } from "./read-plain-record.ts";
import { writePlainRecord } from "./write-plain-record.ts";
import { setMeta, type RowMeta } from "./row-meta.ts";
import { findPlace, sortedRows } from "./row-order.ts";

/**
 * The directory of an archive, or of a part of one, as columns: about 110 bytes an entry and its name, in slabs, so
 * that it grows without copying. Rows are appended, then read by place; `sort` puts the places in raw byte order of
 * the names, which is the order of an archive's central directory.
 */
export class DirectoryColumns {
  /** Names of the owners and groups whose ids the entries have. */
  readonly owners: OwnerNames = noOwnerNames();
  readonly #names = new ByteStore();
  readonly #slabs: Slab[] = [];
  #length = 0;
  #order: Uint32Array | undefined;
  #inOrder = true;

  get length(): number {
    return this.#length;
  }

  /** True when the places are in raw byte order of the names. */
  get isSorted(): boolean {
    return this.#inOrder || this.#order !== undefined;
  }

  /** Adds a row, its offset moved by `shift`. Where it goes is open until `sort` is called again. */
  append(entry: DirectoryEntry, shift = 0): void {
    const row = this.#length;
    if (row >>> slabBits === this.#slabs.length) this.#slabs.push(newSlab());
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    slab.nameAt[at] = this.#names.append(entry.name);
    slab.nameLength[at] = entry.name.length;
    slab.state[at] = stateOf(entry);
    slab.method[at] = entry.method;
    slab.generalFlags[at] = entry.generalFlags;
    slab.mode[at] = entry.mode ?? 0;
    slab.crc[at] = entry.crc;
    slab.storedCrc[at] = entry.storedCrc ?? 0;
    slab.uid[at] = entry.uid ?? 0;
    slab.gid[at] = entry.gid ?? 0;
    slab.sizeBytes[at] = entry.sizeBytes;
    slab.storedBytes[at] = entry.storedBytes;
    slab.offset[at] = entry.offset + shift;
    slab.mtime.signed[at] = entry.mtimeNs;
    slab.ctime.signed[at] = entry.ctimeNs ?? 0n;
    slab.inode.unsigned[at] = entry.inode ?? 0n;
    if (entry.hash) slab.hash.set(entry.hash, at * hashBytes);
    this.#added(row);
  }

  /**
   * Adds the row of a directory record that lies from `at` to `end`, its offset moved by `shift`, where it is a plain one
   * (plain-form.ts). False, and nothing added, where it is not: decode and append it.
   */
  appendRecord(bytes: Uint8Array, { at, end }: { readonly at: number; readonly end: number }, shift = 0): boolean {
    const row = this.#length;
    if (row >>> slabBits === this.#slabs.length) this.#slabs.push(newSlab());
    const slab = this.#slab(row);
    const inSlab = row & (slabRows - 1);
    if (!readPlainRecord(bytes, { at, end }, { slab, row: inSlab })) return false;
    const name = at + centralHeaderBytes;
    const nameBytes = (bytes[at + 28] ?? 0) | ((bytes[at + 29] ?? 0) << 8);
    slab.nameAt[inSlab] = this.#names.appendBytes(bytes, name, name + nameBytes);
    slab.nameLength[inSlab] = nameBytes;
    slab.offset[inSlab] = (slab.offset[inSlab] ?? 0) + shift;
    this.#added(row);
    return true;
  }

  #added(row: number): void {
    this.#length = row + 1;
    this.#order = undefined;
    if (row > 0 && this.#inOrder) this.#inOrder = this.#compareRows(row - 1, row) <= 0;
  }

  sort(): void {
    if (!this.isSorted) this.#order = sortedRows(this.#length, (a, b) => this.#compareRows(a, b));
  }

  /** The place of the entry of this name, or -1. Needs `isSorted`. */
  find(name: BytePath): number {
    if (!this.isSorted) throw new Error("An unsorted directory is searched.");
    const bytes = pathBytes(name);
    return findPlace(this.#length, (place) => {
      const row = this.#row(place);
      return this.#names.compareTo(this.#nameAt(row), this.#nameLength(row), bytes);
    });
  }

  at(place: number): DirectoryEntry {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    const state = slab.state[at] ?? 0;
    const hasOwner = (state & has.owner) !== 0;
    return {
      name: this.#names.read(this.#nameAt(row), this.#nameLength(row)),
      kind: kinds[state & 3] ?? "other",
      method: slab.method[at] ?? 0,
      generalFlags: slab.generalFlags[at] ?? 0,
      crc: slab.crc[at] ?? 0,
      sizeBytes: slab.sizeBytes[at] ?? 0,
      storedBytes: slab.storedBytes[at] ?? 0,
      offset: slab.offset[at] ?? 0,
      mode: state & has.mode ? slab.mode[at] : undefined,
      uid: hasOwner ? slab.uid[at] : undefined,
      gid: hasOwner ? slab.gid[at] : undefined,
      mtimeNs: slab.mtime.signed[at] ?? 0n,
      ctimeNs: state & has.ctime ? slab.ctime.signed[at] : undefined,
      inode: state & has.inode ? slab.inode.unsigned[at] : undefined,
      hash: state & has.hash ? slab.hash.subarray(at * hashBytes, (at + 1) * hashBytes) : undefined,
      storedCrc: state & has.storedCrc ? slab.storedCrc[at] : undefined,
      changedWhileRead: (state & is.changedWhileRead) !== 0,
      mayHaveChanged: (state & is.mayHaveChanged) !== 0,
    };
  }

  // Single columns, for loops that need no whole entry.

  name(place: number): BytePath {
    const row = this.#row(place);
    return this.#names.read(this.#nameAt(row), this.#nameLength(row));
  }

  nameBytes(place: number): number {
    return this.#nameLength(this.#row(place));
  }

  kind(place: number): DirectoryEntry["kind"] {
    const row = this.#row(place);
    return kinds[(this.#slab(row).state[row & (slabRows - 1)] ?? 0) & 3] ?? "other";
  }

  /** All that a listing tells too, for `isSameRow`. */
  metaInto(place: number, words: RowMeta): void {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    const state = slab.state[at] ?? 0;
    const all = has.mode | has.owner | has.ctime | has.inode;
    setMeta(words, { slab, at, kind: state & 3, isWhole: (state & all) === all });
  }

  /** Whether nothing stands against copying the entry again: it has its checksum, and did not change under the reader. */
  isCopyable(place: number): boolean {
    const row = this.#row(place);
    const state = this.#slab(row).state[row & (slabRows - 1)] ?? 0;
    return (state & (has.storedCrc | is.changedWhileRead | is.mayHaveChanged)) === has.storedCrc;
  }

  hasHash(place: number): boolean {
    const row = this.#row(place);
    return ((this.#slab(row).state[row & (slabRows - 1)] ?? 0) & has.hash) !== 0;
  }

  generalFlags(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).generalFlags[row & (slabRows - 1)] ?? 0;
  }

  method(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).method[row & (slabRows - 1)] ?? 0;
  }

  sizeBytes(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).sizeBytes[row & (slabRows - 1)] ?? 0;
  }

  storedBytes(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).storedBytes[row & (slabRows - 1)] ?? 0;
  }

  /** How long its local header is, as Lifeboat writes it. */
  headerBytes(place: number): number {
    const name = { length: this.nameBytes(place) };
    return localHeaderLength({ name, sizeBytes: this.sizeBytes(place), storedBytes: this.storedBytes(place) });
  }

  setOffset(place: number, offset: number): void {
    const row = this.#row(place);
    this.#slab(row).offset[row & (slabRows - 1)] = offset;
  }

  offset(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).offset[row & (slabRows - 1)] ?? 0;
  }

  /** How the names at two places compare, in raw byte order. */
  compareNames(a: number, b: number): number {
    return this.#compareRows(this.#row(a), this.#row(b));
  }

  /** The records of a central directory, place by place, in slices of about a MiB. */
  *encode(): Generator<Uint8Array> {
    const encoder = new CentralEncoder(this.owners);
    const records = new ByteArena(2 ** 20 + 2 ** 16);
    for (let place = 0; place < this.#length; place++) {
      if (!this.writeRecord(place, this.offset(place), { encoder, records })) encoder.write(this.at(place), records);
      if (records.length >= 2 ** 20) yield records.take();
    }
    if (records.length > 0) yield records.take();
  }

  /** Puts the record of a row, at another offset, behind others. False, and nothing written, where it is not a plain one. */
  writeRecord(
    place: number,
    offset: number,
    { encoder, records }: { readonly encoder: CentralEncoder; readonly records: ByteArena },
  ): boolean {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const inSlab = row & (slabRows - 1);
    if (!encoder.hasTold(slab.uid[inSlab] ?? 0, slab.gid[inSlab] ?? 0)) return false;
    records.reserve(mostPlainBytes + this.#nameLength(row));
    const name = this.#names.place(this.#nameAt(row));
    const end = writePlainRecord({ slab, row: inSlab, offset }, name, { out: records.bytes, at: records.length });
    if (end >= 0) records.length = end;
    return end >= 0;
  }

  #row(place: number): number {
    if (place < 0 || place >= this.#length) throw new RangeError(`No entry at place ${place} of ${this.#length}.`);
    return this.#order?.[place] ?? place;
  }

  #slab(row: number): Slab {
    const slab = this.#slabs[row >>> slabBits];
    if (!slab) throw new RangeError(`No row ${row}.`);
    return slab;
  }

  #nameAt(row: number): number {
    return this.#slab(row).nameAt[row & (slabRows - 1)] ?? 0;
  }

  #nameLength(row: number): number {
    return this.#slab(row).nameLength[row & (slabRows - 1)] ?? 0;
  }

  #compareRows(a: number, b: number): number {
    return this.#names.compare(this.#nameAt(a), this.#nameLength(a), this.#nameAt(b), this.#nameLength(b));
  }
}

const stateOf = (entry: DirectoryEntry): number =>
  kinds.indexOf(entry.kind) |
  (entry.mode === undefined ? 0 : has.mode) |
  (entry.uid === undefined || entry.gid === undefined ? 0 : has.owner) |
  (entry.ctimeNs === undefined ? 0 : has.ctime) |
  (entry.inode === undefined ? 0 : has.inode) |
  (entry.hash === undefined ? 0 : has.hash) |
  (entry.storedCrc === undefined ? 0 : has.storedCrc) |
  (entry.changedWhileRead ? is.changedWhileRead : 0) |
  (entry.mayHaveChanged ? is.mayHaveChanged : 0);
