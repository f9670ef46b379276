import { pathBytes, type BytePath } from "../domain/byte-path.ts";
import { ByteArena } from "./byte-arena.ts";
import { ByteStore } from "./byte-store.ts";
import { CentralEncoder } from "./central-encoder.ts";
import { noOwnerNames, type DirectoryEntry, type OwnerNames } from "./directory-entry.ts";
import { hashBytes } from "./extra-fields.ts";
import { findPlace, sortedRows } from "./row-order.ts";

const slabBits = 14;
const slabRows = 2 ** slabBits;
const kinds = ["file", "directory", "link", "other"] as const;
const has = { mode: 4, owner: 8, ctime: 16, inode: 32, hash: 64, storedCrc: 128 } as const;
const is = { changedWhileRead: 256, mayHaveChanged: 512 } as const;

const newSlab = () => ({
  state: new Uint16Array(slabRows),
  nameAt: new Uint32Array(slabRows),
  nameLength: new Uint16Array(slabRows),
  method: new Uint16Array(slabRows),
  generalFlags: new Uint16Array(slabRows),
  mode: new Uint16Array(slabRows),
  crc: new Uint32Array(slabRows),
  storedCrc: new Uint32Array(slabRows),
  uid: new Uint32Array(slabRows),
  gid: new Uint32Array(slabRows),
  sizeBytes: new Float64Array(slabRows),
  storedBytes: new Float64Array(slabRows),
  offset: new Float64Array(slabRows),
  mtimeNs: new BigInt64Array(slabRows),
  ctimeNs: new BigInt64Array(slabRows),
  inode: new BigUint64Array(slabRows),
  hash: new Uint8Array(slabRows * hashBytes),
});

/**
 * The directory of an archive, or of a part of one, as columns: about 110 bytes an entry and its name, in slabs, so
 * that it grows without copying. Rows are appended, then read by place; `sort` puts the places in raw byte order of
 * the names, which is the order of an archive's central directory.
 */
export class DirectoryColumns {
  /** Names of the owners and groups whose ids the entries have. */
  readonly owners: OwnerNames = noOwnerNames();
  readonly #names = new ByteStore();
  readonly #slabs: ReturnType<typeof newSlab>[] = [];
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
    slab.mtimeNs[at] = entry.mtimeNs;
    slab.ctimeNs[at] = entry.ctimeNs ?? 0n;
    slab.inode[at] = entry.inode ?? 0n;
    if (entry.hash) slab.hash.set(entry.hash, at * hashBytes);
    this.#length = row + 1;
    this.#order = undefined;
    if (row > 0 && this.#inOrder) this.#inOrder = this.#compareRows(row - 1, row) <= 0;
  }

  /** Adds all rows of another directory, their offsets moved by `shift`. */
  appendAll(other: DirectoryColumns, shift = 0): void {
    for (let place = 0; place < other.length; place++) this.append(other.at(place), shift);
    for (const [id, name] of other.owners.users) if (!this.owners.users.has(id)) this.owners.users.set(id, name);
    for (const [id, name] of other.owners.groups) if (!this.owners.groups.has(id)) this.owners.groups.set(id, name);
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
      mtimeNs: slab.mtimeNs[at] ?? 0n,
      ctimeNs: state & has.ctime ? slab.ctimeNs[at] : undefined,
      inode: state & has.inode ? slab.inode[at] : undefined,
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

  kind(place: number): DirectoryEntry["kind"] {
    const row = this.#row(place);
    return kinds[(this.#slab(row).state[row & (slabRows - 1)] ?? 0) & 3] ?? "other";
  }

  sizeBytes(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).sizeBytes[row & (slabRows - 1)] ?? 0;
  }

  storedBytes(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).storedBytes[row & (slabRows - 1)] ?? 0;
  }

  nameLength(place: number): number {
    return this.#nameLength(this.#row(place));
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
      encoder.write(this.at(place), records);
      if (records.length >= 2 ** 20) yield records.take();
    }
    if (records.length > 0) yield records.take();
  }

  #row(place: number): number {
    if (place < 0 || place >= this.#length) throw new RangeError(`No entry at place ${place} of ${this.#length}.`);
    return this.#order?.[place] ?? place;
  }

  #slab(row: number): ReturnType<typeof newSlab> {
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
