import { ArchiveInvalid } from "../archive-invalid.ts";

const two32 = 0x1_0000_0000;

/** Reads little-endian numbers between two bounds; leaving them is an ArchiveInvalid, never an exception of DataView. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #numbers: DataView;
  #end: number;
  position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = Math.min(end, bytes.length);
    this.position = start;
  }

  get left(): number {
    return this.#end - this.position;
  }

  get end(): number {
    return this.#end;
  }

  /** Goes on reading elsewhere in the same bytes. */
  move(start: number, end: number): void {
    this.position = start;
    this.#end = Math.min(end, this.#bytes.length);
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#end - at) throw new ArchiveInvalid("Truncated", `A record ends in its middle (at byte ${at}).`);
    this.position = at + length;
    return at;
  }

  skip(length: number): void {
    this.#take(length);
  }

  u8(): number {
    return this.#numbers.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#numbers.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#numbers.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#numbers.getInt32(this.#take(4), true);
  }

  /** A 64-bit size or offset; beyond 2^53 is refused. */
  size(): number {
    const at = this.#take(8);
    const high = this.#numbers.getUint32(at + 4, true);
    if (high >= 0x20_0000) throw new ArchiveInvalid("TooLarge", `A size or offset exceeds 2^53 (at byte ${at}).`);
    return high * two32 + this.#numbers.getUint32(at, true);
  }

  u32s(count: number): Uint32Array<ArrayBuffer> {
    const at = this.#take(4 * count);
    const values = new Uint32Array(count);
    for (let index = 0; index < count; index++) values[index] = this.#numbers.getUint32(at + 4 * index, true);
    return values;
  }

  u64(): bigint {
    return this.#numbers.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#numbers.getBigInt64(this.#take(8), true);
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
  readonly #numbers: DataView;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.#numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  u8(value: number): this {
    this.#numbers.setUint8(this.position, checked(value, 0, 0xff));
    this.position += 1;
    return this;
  }

  u16(value: number): this {
    this.#numbers.setUint16(this.position, checked(value, 0, 0xffff), true);
    this.position += 2;
    return this;
  }

  u32(value: number): this {
    this.#numbers.setUint32(this.position, checked(value, 0, 0xffff_ffff), true);
    this.position += 4;
    return this;
  }

  u32s(values: Uint32Array): this {
    for (let index = 0; index < values.length; index++)
      this.#numbers.setUint32(this.position + 4 * index, values[index] ?? 0, true);
    this.position += 4 * values.length;
    return this;
  }

  i32(value: number): this {
    this.#numbers.setInt32(this.position, checked(value, -0x8000_0000, 0x7fff_ffff), true);
    this.position += 4;
    return this;
  }

  size(value: number): this {
    this.u32(value % two32);
    return this.u32(Math.floor(value / two32));
  }

  u64(value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is no unsigned number of 64 bits.`);
    this.#numbers.setBigUint64(this.position, value, true);
    this.position += 8;
    return this;
  }

  i64(value: bigint): this {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is no signed number of 64 bits.`);
    this.#numbers.setBigInt64(this.position, value, true);
    this.position += 8;
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

/** A number that does not fit would be cut off without a word. */
const checked = (value: number, least: number, most: number): number => {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${value} lies outside ${least} to ${most}.`);
};
