import { sliceBytes } from "../content/content-hash.ts";
import { sliceRoom } from "../content/deflate-content.ts";
import { freeMemory } from "../content/free-memory.ts";

const leastBytes = sliceRoom(sliceBytes);

/** Memory that goes to a thread, comes back filled, is used and goes again: what a job packs is too large to be left behind. */
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
    else if (memory.length === memory.buffer.byteLength) freeMemory(memory.buffer);
  }

  /** When no more work comes. */
  free(): void {
    for (const memory of this.#spare.splice(0)) freeMemory(memory.buffer);
  }
}
