import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { ContentHasher, sliceBytes } from "./content-hash.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";

/** What the directory promises about an entry's content. */
type Promised = Pick<DirectoryEntry, "sizeBytes" | "crc" | "hash">;

const tooLong = (entry: Promised): ArchiveInvalid =>
  new ArchiveInvalid("Bomb", `More than the ${entry.sizeBytes} bytes it says come out of it.`);

const compare = (entry: Promised, found: { readonly crc: number; readonly hash: Uint8Array | undefined }): void => {
  if (found.crc !== entry.crc) throw new ArchiveInvalid("CrcMismatch", "Its content does not match its checksum.");
  if (entry.hash !== undefined && (found.hash === undefined || Buffer.compare(entry.hash, found.hash) !== 0))
    throw new ArchiveInvalid("HashMismatch", "Its content does not match its hash.");
};

const tooShort = (entry: Promised, sizeBytes: number): ArchiveInvalid =>
  new ArchiveInvalid("SizeMismatch", `${sizeBytes} bytes come out of it; it says ${entry.sizeBytes}.`);

/** Checks content that comes in pieces. No piece goes further before `update` has counted it. */
export class ContentCheck {
  readonly #entry: Promised;
  readonly #hasher: ContentHasher | undefined;
  #crc = 0;
  #sizeBytes = 0;

  constructor(entry: Promised) {
    this.#entry = entry;
    this.#hasher = entry.hash === undefined ? undefined : new ContentHasher();
  }

  update(piece: Uint8Array): void {
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes > this.#entry.sizeBytes) throw tooLong(this.#entry);
    this.#crc = crc32(piece, this.#crc);
    this.#hasher?.update(piece);
  }

  /** Throws SizeMismatch, CrcMismatch or HashMismatch. */
  finish(): void {
    if (this.#sizeBytes !== this.#entry.sizeBytes) throw tooShort(this.#entry, this.#sizeBytes);
    compare(this.#entry, { crc: this.#crc, hash: this.#hasher?.digest() });
  }
}

/** Checks content that is there as a whole; its `crc` where it is known. */
export const checkContent = (entry: Promised, content: Uint8Array, crc = crc32(content)): void => {
  if (content.length <= sliceBytes) {
    if (content.length > entry.sizeBytes) throw tooLong(entry);
    if (content.length < entry.sizeBytes) throw tooShort(entry, content.length);
    return compare(entry, { crc, hash: entry.hash && hash("sha256", content, "buffer") });
  }
  const check = new ContentCheck(entry);
  check.update(content);
  check.finish();
};
