import type { BytePath } from "../../domain/byte-path.ts";
import type { EntryKind, ListedEntry } from "../../domain/listing.ts";
import type { EntryRows } from "../../ports/folder-lister.ts";
import type { AccountNames } from "./account-names.ts";

const wordsOfRow = 6;
const wideOfRow = 4;
const kinds: readonly EntryKind[] = ["file", "directory", "link"];
const has = { ctime: 4, inode: 8, sharing: 16 } as const;

/** Collects entries as they are listed. */
export class EntryRowsBuilder {
  length = 0;
  #words = new Uint32Array(1024 * wordsOfRow);
  #wide = new BigInt64Array(1024 * wideOfRow);
  #text = Buffer.allocUnsafeSlow(2 ** 16);
  #textBytes = 0;

  add(entry: ListedEntry): void {
    const { path, target = "" } = entry;
    this.#reserve(path.length + target.length);
    const flags =
      (entry.ctimeNs === undefined ? 0 : has.ctime) |
      (entry.inode === undefined ? 0 : has.inode) |
      (entry.isShared ? has.sharing : 0);
    let at = this.length * wordsOfRow;
    this.#words[at++] = kinds.indexOf(entry.kind) | flags;
    this.#words[at++] = entry.mode;
    this.#words[at++] = entry.uid;
    this.#words[at++] = entry.gid;
    this.#words[at++] = path.length;
    this.#words[at] = target.length;
    let wideAt = this.length * wideOfRow;
    this.#wide[wideAt++] = BigInt(entry.sizeBytes);
    this.#wide[wideAt++] = entry.mtimeNs;
    this.#wide[wideAt++] = entry.ctimeNs ?? 0n;
    this.#wide[wideAt] = BigInt.asIntN(64, entry.inode ?? 0n);
    this.#textBytes += this.#text.write(path, this.#textBytes, "latin1");
    if (target !== "") this.#textBytes += this.#text.write(target, this.#textBytes, "latin1");
    this.length++;
  }

  /** Each in memory of its own, which can be handed to another thread. */
  finish(): EntryRows {
    return {
      words: this.#words.slice(0, this.length * wordsOfRow),
      wide: this.#wide.slice(0, this.length * wideOfRow),
      text: Uint8Array.from(this.#text.subarray(0, this.#textBytes)),
    };
  }

  #reserve(textBytes: number): void {
    if (this.length * wordsOfRow === this.#words.length) {
      this.#words = larger(this.#words, new Uint32Array(2 * this.#words.length));
      this.#wide = larger(this.#wide, new BigInt64Array(2 * this.#wide.length));
    }
    if (this.#textBytes + textBytes > this.#text.length)
      this.#text = larger(this.#text, Buffer.allocUnsafeSlow(2 * (this.#text.length + textBytes)));
  }
}

const larger = <Column extends { set(from: Column): void }>(from: Column, to: Column): Column => {
  to.set(from);
  return to;
};

type Building = { -readonly [Key in keyof ListedEntry]: ListedEntry[Key] };

/** The entries again, with the names of their owners. */
export function* entriesOf(rows: EntryRows, names: Pick<AccountNames, "user" | "group">): Generator<ListedEntry> {
  const { words, wide } = rows;
  const text = Buffer.from(rows.text.buffer, rows.text.byteOffset, rows.text.length);
  let textAt = 0;
  for (let at = 0, wideAt = 0; at < words.length; at += wordsOfRow, wideAt += wideOfRow) {
    const state = words[at] ?? 0;
    const uid = words[at + 2] ?? 0;
    const gid = words[at + 3] ?? 0;
    const pathBytes = words[at + 4] ?? 0;
    const targetBytes = words[at + 5] ?? 0;
    const kind = kinds[state & 3] ?? "file";
    const entry: Building = {
      // The casts are safe: latin1 decoding yields one character below 256 a byte.
      path: text.toString("latin1", textAt, textAt + pathBytes) as BytePath,
      kind,
      sizeBytes: Number(wide[wideAt]),
      mode: words[at + 1] ?? 0,
      uid,
      gid,
      mtimeNs: wide[wideAt + 1] ?? 0n,
    };
    textAt += pathBytes;
    const owner = names.user(uid);
    const group = names.group(gid);
    if (owner !== undefined) entry.owner = owner;
    if (group !== undefined) entry.group = group;
    if (state & has.ctime) entry.ctimeNs = wide[wideAt + 2] ?? 0n;
    if (state & has.inode) entry.inode = BigInt.asUintN(64, wide[wideAt + 3] ?? 0n);
    if (state & has.sharing) entry.isShared = true;
    if (kind === "link") entry.target = text.toString("latin1", textAt, textAt + targetBytes) as BytePath;
    textAt += targetBytes;
    yield entry;
  }
}
