import { constants, createDeflateRaw, deflateRawSync, inflateRawSync, type DeflateRaw } from "node:zlib";

/** Deflates into memory that is there already. */
export interface Deflater {
  /**
   * Deflates all of `content` into `into` from `at` on, where there must be room for as many bytes. A "whole" stream is
   * ended; a "slice" ends on a byte's border, and more may follow. Returns how many bytes came out; undefined when they
   * are not fewer than the content's: then what stands in `into` means nothing.
   */
  deflate(content: Uint8Array, into: Uint8Array, at: number, end: "whole" | "slice"): number | undefined;
}

/** Smaller than zlib's default: fits a core's cache, costs nothing in size, and is set up faster for small files. */
const memLevel = 7;
const flush = { whole: constants.Z_FINISH, slice: constants.Z_SYNC_FLUSH } as const;

const deflaters = new Map<number, Deflater>();

/** The calling thread's deflater of a level, made once. */
export const deflaterOf = (level: number): Deflater => {
  const known = deflaters.get(level);
  if (known) return known;
  const made = reusedDeflater(level) ?? freshDeflater(level);
  deflaters.set(level, made);
  return made;
};

/** A new zlib state for every call: what Node documents. */
export const freshDeflater = (level: number): Deflater => ({
  deflate: (content, into, at, end) => {
    const bytes = deflateRawSync(content, { level, memLevel, chunkSize: 256 * 1024, finishFlush: flush[end] });
    if (bytes.length >= content.length) return undefined;
    into.set(bytes, at);
    return bytes.length;
  },
});

/** What a zlib stream of Node has inside. */
interface NativeDeflate {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

const isNativeDeflate = (value: unknown): value is NativeDeflate =>
  typeof value === "object" &&
  value !== null &&
  ["reset", "writeSync"].every((method) => typeof Reflect.get(value, method) === "function");

/**
 * One zlib state for all calls: making and freeing one for each small file costs a tenth of all packing and three
 * buffers of garbage. Node has no documented way to it, so this asks for what its streams have inside, tries it on a
 * sample, and is undefined where either is not as it should be.
 */
export const reusedDeflater = (level: number): Deflater | undefined => {
  const stream = createDeflateRaw({ level, memLevel });
  const native: unknown = Reflect.get(stream, "_handle");
  /** Room left in the output and bytes left in the input, after a call. */
  const state: unknown = Reflect.get(stream, "_writeState");
  if (!isNativeDeflate(native) || !(state instanceof Uint32Array) || state.length < 2) return undefined;
  const deflater = new ReusedDeflater(stream, native, state);
  return deflatesTheSample(deflater) ? deflater : undefined;
};

class ReusedDeflater implements Deflater {
  readonly #stream: DeflateRaw;
  readonly #native: NativeDeflate;
  readonly #state: Uint32Array;
  #failure: Error | undefined;

  constructor(stream: DeflateRaw, native: NativeDeflate, state: Uint32Array) {
    this.#stream = stream;
    this.#native = native;
    this.#state = state;
    stream.on("error", (error) => (this.#failure = error));
  }

  deflate(content: Uint8Array, into: Uint8Array, at: number, end: "whole" | "slice"): number | undefined {
    if (at + content.length > into.length) throw new RangeError("There is no room for what is deflated.");
    this.#native.reset();
    this.#native.writeSync(flush[end], content, 0, content.length, into, at, content.length);
    if (this.#failure !== undefined || this.#stream.destroyed) throw this.#failure ?? new Error("zlib has failed.");
    const [roomLeft = 0, inputLeft = 0] = this.#state;
    if (roomLeft === 0) return undefined;
    if (inputLeft > 0) throw new Error("zlib has left some of its input.");
    return content.length - roomLeft;
  }
}

/** Twice with something else in between, as it will be used. */
const deflatesTheSample = (deflater: Deflater): boolean => {
  const text = Buffer.from("A sample of what is repeated, and repeated, and repeated, ".repeat(50));
  const into = Buffer.alloc(text.length + 1);
  try {
    const lengths = [text, text.subarray(7), text].map((content) => deflater.deflate(content, into, 1, "whole"));
    const [first, , last] = lengths;
    return first !== undefined && first === last && inflateRawSync(into.subarray(1, 1 + first)).equals(text);
  } catch {
    // Whatever it is that went wrong: it is not as it should be, and there is the documented way.
    return false;
  }
};
