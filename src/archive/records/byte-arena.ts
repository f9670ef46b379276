/** Memory that is filled from its start, emptied, and filled again: what a thread makes a result in. */
export class ByteArena {
  bytes: Buffer<ArrayBuffer>;
  length = 0;

  /** Memory to fill, or how much of it. */
  constructor(memory: Uint8Array<ArrayBuffer> | number = 64 * 1024) {
    this.bytes =
      typeof memory === "number"
        ? Buffer.allocUnsafeSlow(memory)
        : Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  }

  /** Room for this many bytes behind what is there. `bytes` is another buffer afterwards when there was none. */
  reserve(length: number): void {
    const needed = this.length + length;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Empties it. What is given back is a copy in memory of its own, which can be handed to another thread. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.length);
    taken.set(this.bytes.subarray(0, this.length));
    this.length = 0;
    return taken;
  }
}
