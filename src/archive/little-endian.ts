import { ArchiveInvalid } from "./archive-invalid.ts";

const two32 = 0x1_0000_0000;

/** Reads little-endian numbers between two bounds; leaving them is an ArchiveInvalid, never an exception of Buffer. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = Math.min(end, bytes.length);
    this.position = start;
  }

  get left(): number {
    return this.#end - this.position;
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#end - at) throw new ArchiveInvalid("Truncated", `A record ends in its middle (at byte ${at}).`);
    this.position = at + length;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  /** A 64-bit size or offset; beyond 2^53 is refused. */
  size(): number {
    const at = this.#take(8);
    const high = this.#bytes.readUInt32LE(at + 4);
    if (high >= 0x20_0000) throw new ArchiveInvalid("TooLarge", `A size or offset exceeds 2^53 (at byte ${at}).`);
    return high * two32 + this.#bytes.readUInt32LE(at);
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  latin1(length: number): string {
    const at = this.#take(length);
    return this.#bytes.toString("latin1", at, at + length);
  }
}

/** Writes little-endian numbers one after another into a buffer whose length the caller has computed. */
export class ByteWriter {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  u8(value: number): this {
    this.position = this.bytes.writeUInt8(value, this.position);
    return this;
  }

  u16(value: number): this {
    this.position = this.bytes.writeUInt16LE(value, this.position);
    return this;
  }

  u32(value: number): this {
    this.position = this.bytes.writeUInt32LE(value, this.position);
    return this;
  }

  i32(value: number): this {
    this.position = this.bytes.writeInt32LE(value, this.position);
    return this;
  }

  size(value: number): this {
    this.u32(value % two32);
    return this.u32(Math.floor(value / two32));
  }

  u64(value: bigint): this {
    this.position = this.bytes.writeBigUInt64LE(value, this.position);
    return this;
  }

  i64(value: bigint): this {
    this.position = this.bytes.writeBigInt64LE(value, this.position);
    return this;
  }

  raw(value: Uint8Array): this {
    this.bytes.set(value, this.position);
    this.position += value.length;
    return this;
  }

  latin1(value: string): this {
    this.position += this.bytes.write(value, this.position, "latin1");
    return this;
  }
}
