import { sliceBytes } from "../content/content-hash.ts";
import { sliceRoom } from "../content/deflate-content.ts";

const leastBytes = sliceRoom(sliceBytes);

/** Memory that goes to a thread, comes back filled, is used and goes again: a packed slice is too large to be left behind. */
export class SpareMemory {
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  take(): { readonly into?: Uint8Array<ArrayBuffer> } {
    const into = this.#spare.pop();
    return into === undefined ? {} : { into };
  }

  /** The giver uses it no more. What has no room for a whole slice is not kept. */
  give(memory: Uint8Array<ArrayBuffer>): void {
    if (memory.length >= leastBytes && this.#spare.length < this.#most) this.#spare.push(memory);
  }
}
