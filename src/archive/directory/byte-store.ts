import type { BytePath } from "../../domain/byte-path.ts";

const chunkBits = 20;
const chunkBytes = 2 ** chunkBits;
const maxChunks = 2 ** (32 - chunkBits);

/** Many short byte strings (at most 65,535 bytes each) in few large buffers. A string is found by position and length. */
export class ByteStore {
  readonly #chunks: Buffer[] = [];
  #used = chunkBytes;

  /** The position of the appended bytes: an unsigned 32-bit number. */
  append(value: BytePath): number {
    if (this.#used + value.length > chunkBytes) this.#grow();
    if (value.length === 0) return (this.#chunks.length - 1) * chunkBytes + this.#used;
    const chunk = this.#chunks.length - 1;
    const at = this.#used;
    this.#chunks[chunk]?.write(value, at, "latin1");
    this.#used += value.length;
    return chunk * chunkBytes + at;
  }

  appendBytes(bytes: Uint8Array, from: number, to: number): number {
    if (this.#used + to - from > chunkBytes) this.#grow();
    const chunk = this.#chunks.length - 1;
    const at = this.#used;
    this.#chunks[chunk]?.set(bytes.subarray(from, to), at);
    this.#used += to - from;
    return chunk * chunkBytes + at;
  }

  /** Where the bytes at a position lie. */
  place(position: number): { readonly bytes: Uint8Array; readonly at: number } {
    return { bytes: this.#chunk(position), at: position & (chunkBytes - 1) };
  }

  #grow(): void {
    if (this.#chunks.length === maxChunks) throw new Error("Names of more than 4 GiB in one directory.");
    this.#chunks.push(Buffer.allocUnsafeSlow(chunkBytes));
    this.#used = 0;
  }

  #chunk(position: number): Buffer {
    const chunk = this.#chunks[position >>> chunkBits];
    if (!chunk) throw new RangeError(`No bytes at ${position}.`);
    return chunk;
  }

  read(position: number, length: number): BytePath {
    const at = position & (chunkBytes - 1);
    // The cast is safe: latin1 decoding yields one character below 256 a byte.
    return this.#chunk(position).toString("latin1", at, at + length) as BytePath;
  }

  /** Raw byte order of one string and another. */
  compare(position: number, length: number, other: number, otherLength: number): number {
    const at = position & (chunkBytes - 1);
    const otherAt = other & (chunkBytes - 1);
    return this.#chunk(position).compare(this.#chunk(other), otherAt, otherAt + otherLength, at, at + length);
  }

  compareTo(position: number, length: number, bytes: Uint8Array): number {
    const at = position & (chunkBytes - 1);
    return this.#chunk(position).compare(bytes, 0, bytes.length, at, at + length);
  }
}
