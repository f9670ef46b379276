import type { BytePath } from "../../../domain/byte-path.ts";
import { foldedPath } from "../../../domain/folded-path.ts";

/** For a million paths some three of a hundred share a bit by chance. */
const bits = 2 ** 25;

/**
 * Which paths some file system might take for one that was there before. In so little memory, whatever their number, that it
 * now and then says so of one that is like no other; never the other way round.
 */
export class AlikePaths {
  readonly #seen = new Uint32Array(bits / 32);

  /** Whether there was one like it, which may be itself. */
  add(path: BytePath): boolean {
    const bit = hash(foldedPath(path)) % bits;
    const word = this.#seen[bit >>> 5] ?? 0;
    const mask = 1 << (bit & 31);
    this.#seen[bit >>> 5] = word | mask;
    return (word & mask) !== 0;
  }
}

/** FNV-1a. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
};
