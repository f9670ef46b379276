import type { Destination, LocalObject, StoredObject } from "../../ports/destination.ts";

/** Where an archive is read from. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly these bytes, or it throws. They are the caller's own. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Where the bytes are a file of this machine, so that threads can read them there. */
  readonly local?: () => Promise<LocalObject | undefined>;
}

/** An object of a destination, as it was when `head` told its etag: when it changes, reading throws SourceChanged. */
export const objectSource = (destination: Destination, object: StoredObject): ByteSource => ({
  name: object.name,
  sizeBytes: object.sizeBytes,
  local: async () => destination.local?.find(object.name, object.etag),
  read: (offset, length, signal) =>
    destination.read(
      object.name,
      { offset, length },
      signal === undefined ? { ifMatch: object.etag } : { ifMatch: object.etag, signal },
    ),
});

/** The bytes from `start` to `end` in pieces of at most `pieceBytes`; the next piece is read while one is used. */
export async function* pieces(
  source: ByteSource,
  range: { readonly start: number; readonly end: number; readonly pieceBytes: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const read = (at: number): Promise<Uint8Array> | undefined => {
    if (at >= range.end) return undefined;
    const piece = source.read(at, Math.min(range.pieceBytes, range.end - at), signal);
    // Awaited one turn of the loop later, or never when the consumer stops: not an unhandled rejection in either case.
    piece.catch(() => undefined);
    return piece;
  };
  let next = read(range.start);
  for (let at = range.start; next !== undefined;) {
    const piece = await next;
    at += piece.length;
    next = read(at);
    yield piece;
  }
}
