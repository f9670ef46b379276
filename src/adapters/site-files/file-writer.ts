import { closeSync, ftruncateSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";

const writeAt = promisify(write);
/** Runs of zeros at least this long are left as holes, as they were in the sparse files they come from. */
const holeBytes = 64 * 1024;
const zeros = Buffer.alloc(holeBytes);

const isHole = (bytes: Uint8Array): boolean => {
  if (bytes.length < holeBytes || bytes[0] !== 0) return false;
  for (let at = 0; at < bytes.length; at += holeBytes) {
    const piece = bytes.subarray(at, at + holeBytes);
    if (zeros.compare(piece, 0, piece.length, 0, piece.length) !== 0) return false;
  }
  return true;
};

export const writeAll = (descriptor: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done, done);
};

/** A new file, written piece by piece, that gets its metadata when it is whole. */
export class FileWriter {
  readonly #descriptor: number;
  readonly #dress: () => void;
  readonly #remove: () => void;
  #end = 0;
  #hasHoleAtEnd = false;

  constructor(descriptor: number, at: { readonly dress: () => void; readonly remove: () => void }) {
    this.#descriptor = descriptor;
    this.#dress = at.dress;
    this.#remove = at.remove;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const offset = this.#end;
    this.#end += bytes.length;
    this.#hasHoleAtEnd = isHole(bytes);
    if (this.#hasHoleAtEnd) return;
    for (let done = 0; done < bytes.length;)
      done += (await writeAt(this.#descriptor, bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  /** The content is complete and right. */
  finish(): void {
    try {
      if (this.#hasHoleAtEnd) ftruncateSync(this.#descriptor, this.#end);
      this.#dress();
    } finally {
      closeSync(this.#descriptor);
    }
  }

  /** The content was not what it should be: nothing stays behind. */
  abandon(): void {
    closeSync(this.#descriptor);
    this.#remove();
  }
}
