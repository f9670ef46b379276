/** Whatever is sent through it arrives nowhere. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Gives memory back at once; every view of it is empty afterwards. The collector sees but the small object that stands
 * for megabytes, and leaves dozens of them lying before it runs.
 */
export const freeMemory = (memory: ArrayBuffer): void => nowhere.postMessage(undefined, [memory]);

/** What zlib makes in one piece of this length or more has memory of its own, whatever Node's version. */
export const leastOwned = 64 * 1024;

/** Gives back the memory of what zlib made, unless it is Node's pool, of which others have parts too. */
export const freeResult = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) freeMemory(buffer);
};

/** Pieces that are their consumer's only until it asks for the next: their memory is given back then. */
export async function* lent(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    // A stream of zlib fills the same memory by several pieces, and takes new one behind the last.
    if (piece.byteOffset + piece.length === piece.buffer.byteLength) freeResult(piece);
  }
}
