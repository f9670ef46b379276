import { createHash, hash } from "node:crypto";

/** Files longer than this are packed, and hashed, in slices of this length. */
export const sliceBytes = 8 * 2 ** 20;

// In one call: a hash object costs a small file more than its hashing.
const sha256 = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer");

/** The hash of a slice, or the content hash of what is no longer than one slice: SHA-256. */
export const sliceHash = sha256;

/**
 * The content hash of a file from the hashes of its slices, in order: of a file of one slice that slice's hash, of a
 * longer one the SHA-256 of all its slices' hashes.
 */
export const combinedHash = (sliceHashes: readonly Uint8Array[]): Uint8Array => {
  const [only] = sliceHashes;
  if (only && sliceHashes.length === 1) return only;
  return sha256(Buffer.concat(sliceHashes));
};

/** Content hash of bytes that come in pieces of any size. */
export class ContentHasher {
  readonly #slices: Buffer[] = [];
  #slice = createHash("sha256");
  #inSlice = 0;

  update(piece: Uint8Array): void {
    let rest = piece;
    while (rest.length > 0) {
      // A full slice ends only when more follows: content of exactly one slice is hashed as one.
      if (this.#inSlice === sliceBytes) this.#endSlice();
      const part = rest.subarray(0, sliceBytes - this.#inSlice);
      this.#slice.update(part);
      this.#inSlice += part.length;
      rest = rest.subarray(part.length);
    }
  }

  #endSlice(): void {
    this.#slices.push(this.#slice.digest());
    this.#slice = createHash("sha256");
    this.#inSlice = 0;
  }

  digest(): Uint8Array {
    this.#endSlice();
    return combinedHash(this.#slices);
  }
}
