import { noPath, pathBytes, type BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { ByteStore } from "../directory/byte-store.ts";
import { noOwnerNames, type OwnerNames } from "../records/directory-entry.ts";
import { setMeta, wideColumns, type RowMeta } from "../directory/row-meta.ts";
import { findPlace, sortedRows } from "../directory/row-order.ts";

const slabBits = 14;
const slabRows = 2 ** slabBits;
const kinds = ["file", "directory", "link"] as const;
const has = { ctime: 4, inode: 8, sharing: 16 } as const;

type Building = { -readonly [Key in keyof ListedEntry]: ListedEntry[Key] };

const newSlab = () => ({
  state: new Uint8Array(slabRows),
  nameAt: new Uint32Array(slabRows),
  nameLength: new Uint16Array(slabRows),
  targetAt: new Uint32Array(slabRows),
  targetLength: new Uint16Array(slabRows),
  mode: new Uint16Array(slabRows),
  uid: new Uint32Array(slabRows),
  gid: new Uint32Array(slabRows),
  sizeBytes: new Float64Array(slabRows),
  mtime: wideColumns(slabRows),
  ctime: wideColumns(slabRows),
  inode: wideColumns(slabRows),
});

/** A listed entry under the name it has in the archive's order: directories end with "/". */
export const listedName = (entry: Pick<ListedEntry, "path" | "kind">): BytePath =>
  // The cast is safe: a byte path with an ASCII character behind it is one.
  entry.kind === "directory" ? (`${entry.path}/` as BytePath) : entry.path;

/**
 * A site's listing as columns: some 60 bytes an entry and its name. Rows are appended as the site tells them; after
 * `sort` they stand in the archive's order (raw bytes of the names, directories with their "/") and none twice.
 */
export class ListingColumns {
  readonly owners: OwnerNames = noOwnerNames();
  readonly #names = new ByteStore();
  readonly #slabs: ReturnType<typeof newSlab>[] = [];
  #rows = 0;
  #order: Uint32Array | undefined;
  #inOrder = true;

  get length(): number {
    return this.#order?.length ?? this.#rows;
  }

  get isSorted(): boolean {
    return this.#inOrder || this.#order !== undefined;
  }

  /** Adds an entry; `sort` must be called (again) afterwards. */
  append(entry: ListedEntry): void {
    if (this.#order) throw new Error("A sorted listing takes no more entries.");
    const row = this.#rows;
    if (row >>> slabBits === this.#slabs.length) this.#slabs.push(newSlab());
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    const name = listedName(entry);
    const target = entry.target ?? noPath;
    slab.nameAt[at] = this.#names.append(name);
    slab.nameLength[at] = name.length;
    slab.targetAt[at] = this.#names.append(target);
    slab.targetLength[at] = target.length;
    slab.state[at] =
      kinds.indexOf(entry.kind) |
      (entry.ctimeNs === undefined ? 0 : has.ctime) |
      (entry.inode === undefined ? 0 : has.inode) |
      (entry.isShared ? has.sharing : 0);
    slab.mode[at] = entry.mode;
    slab.uid[at] = entry.uid;
    slab.gid[at] = entry.gid;
    slab.sizeBytes[at] = entry.sizeBytes;
    slab.mtime.signed[at] = entry.mtimeNs;
    slab.ctime.signed[at] = entry.ctimeNs ?? 0n;
    slab.inode.unsigned[at] = entry.inode ?? 0n;
    if (entry.owner !== undefined && !this.owners.users.has(entry.uid)) this.owners.users.set(entry.uid, entry.owner);
    if (entry.group !== undefined && !this.owners.groups.has(entry.gid)) this.owners.groups.set(entry.gid, entry.group);
    this.#rows = row + 1;
    if (row > 0 && this.#inOrder) this.#inOrder = this.#compareRows(row - 1, row) < 0;
  }

  /** A directory read while it changes may tell a name twice; the first telling counts. */
  sort(): void {
    if (this.isSorted) return;
    const rows = sortedRows(this.#rows, (a, b) => this.#compareRows(a, b));
    this.#order = rows.filter((row, place) => place === 0 || this.#compareRows(rows[place - 1] ?? 0, row) !== 0);
  }

  at(place: number): ListedEntry {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    const state = slab.state[at] ?? 0;
    const kind = kinds[state & 3] ?? "file";
    const uid = slab.uid[at] ?? 0;
    const gid = slab.gid[at] ?? 0;
    const nameBytes = (slab.nameLength[at] ?? 0) - (kind === "directory" ? 1 : 0);
    const entry: Building = {
      path: this.#names.read(slab.nameAt[at] ?? 0, nameBytes),
      kind,
      sizeBytes: slab.sizeBytes[at] ?? 0,
      mode: slab.mode[at] ?? 0,
      uid,
      gid,
      mtimeNs: slab.mtime.signed[at] ?? 0n,
    };
    const owner = this.owners.users.get(uid);
    const group = this.owners.groups.get(gid);
    if (owner !== undefined) entry.owner = owner;
    if (group !== undefined) entry.group = group;
    if (state & has.ctime) entry.ctimeNs = slab.ctime.signed[at] ?? 0n;
    if (state & has.inode) entry.inode = slab.inode.unsigned[at] ?? 0n;
    if (state & has.sharing) entry.isShared = true;
    if (kind === "link") entry.target = this.#names.read(slab.targetAt[at] ?? 0, slab.targetLength[at] ?? 0);
    return entry;
  }

  /** These and, in their places, those. */
  with(entries: readonly ListedEntry[]): ListingColumns {
    if (entries.length === 0) return this;
    const all = new ListingColumns();
    for (let place = 0; place < this.length; place++) all.append(this.at(place));
    for (const entry of entries) all.append(entry);
    all.sort();
    return all;
  }

  entries(from: number, to: number): readonly ListedEntry[] {
    return Array.from({ length: to - from }, (_, index) => this.at(from + index));
  }

  /** All that an archive's directory tells too, for `isSameRow`. */
  metaInto(place: number, words: RowMeta): void {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    const state = slab.state[at] ?? 0;
    const all = has.ctime | has.inode;
    setMeta(words, { slab, at, kind: state & 3, isWhole: (state & all) === all });
  }

  /** Whether its metadata can prove that what is read is what was listed; of what is no file there is nothing to prove. */
  isProvable(place: number): boolean {
    const row = this.#row(place);
    const state = this.#slab(row).state[row & (slabRows - 1)] ?? 0;
    return kinds[state & 3] !== "file" || ((state & has.ctime) !== 0 && (state & has.inode) !== 0);
  }

  name(place: number): BytePath {
    const row = this.#row(place);
    return this.#names.read(this.#nameAt(row), this.#nameLength(row));
  }

  /** Path and time of a folder; undefined of anything else. */
  folder(place: number): Pick<ListedEntry, "path" | "mtimeNs"> | undefined {
    const row = this.#row(place);
    const slab = this.#slab(row);
    const at = row & (slabRows - 1);
    if (kinds[(slab.state[at] ?? 0) & 3] !== "directory") return undefined;
    const path = this.#names.read(slab.nameAt[at] ?? 0, (slab.nameLength[at] ?? 0) - 1);
    return { path, mtimeNs: slab.mtime.signed[at] ?? 0n };
  }

  sizeBytes(place: number): number {
    const row = this.#row(place);
    return this.#slab(row).sizeBytes[row & (slabRows - 1)] ?? 0;
  }

  totalBytes(): number {
    let sum = 0;
    for (let place = 0; place < this.length; place++) sum += this.sizeBytes(place);
    return sum;
  }

  /** The place of the entry of this name (directories with "/"), or -1. Needs `isSorted`. */
  find(name: BytePath): number {
    if (!this.isSorted) throw new Error("An unsorted listing is searched.");
    const bytes = pathBytes(name);
    return findPlace(this.length, (place) => {
      const row = this.#row(place);
      return this.#names.compareTo(this.#nameAt(row), this.#nameLength(row), bytes);
    });
  }

  /** The place of the first entry whose name comes after this one; the first of all without one. Needs `isSorted`. */
  firstAfter(name: BytePath | undefined): number {
    if (name === undefined) return 0;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.name(middle) <= name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #row(place: number): number {
    if (place < 0 || place >= this.length) throw new RangeError(`No entry at place ${place} of ${this.length}.`);
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
