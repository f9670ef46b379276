import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { StoreFailure } from "../../domain/store-failure.ts";

export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Writes the pieces from `offset` on, exactly `length` bytes, and answers their CRC-32. */
export const writePieces = async (
  handle: FileHandle,
  pieces: Pieces,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<number> => {
  let crc = 0;
  let written = 0;
  for await (const piece of pieces) {
    // At the same time: the write waits in another thread.
    const writing = writeFully(handle, piece, offset + written);
    crc = crc32(piece, crc);
    await writing;
    written += piece.byteLength;
  }
  if (written !== length) throw new Error(`${written} bytes came, and ${length} were announced.`);
  return crc;
};

/** From `position` on, or where the file ends. */
export const writeFully = async (handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    const at = position === null ? null : position + done;
    done += (await handle.write(bytes, done, bytes.byteLength - done, at)).bytesWritten;
  }
};

export const crcOf = async (pieces: AsyncIterable<Uint8Array>): Promise<number> => {
  let crc = 0;
  for await (const piece of pieces) crc = crc32(piece, crc);
  return crc;
};

const pieceBytes = 8 * 1024 * 1024;

/** Bytes of an object's file. */
interface FileRange {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** A range of an open file in pieces; each is valid until the next is asked for. Throws OutOfRange where the file ends. */
export async function* piecesOf(handle: FileHandle, range: FileRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, range.length));
  for (let done = 0; done < range.length;) {
    signal?.throwIfAborted();
    const wanted = Math.min(buffer.length, range.length - done);
    const { bytesRead } = await handle.read(buffer, 0, wanted, range.offset + done);
    if (bytesRead === 0) throw outOfRange(range);
    yield buffer.subarray(0, bytesRead);
    done += bytesRead;
  }
}

/** A range of an open file at once. Throws OutOfRange where the file ends. */
export const readRange = async (handle: FileHandle, range: FileRange, signal?: AbortSignal): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(range.length);
  for (let filled = 0; filled < range.length;) {
    signal?.throwIfAborted();
    const wanted = Math.min(pieceBytes, range.length - filled);
    const { bytesRead } = await handle.read(bytes, filled, wanted, range.offset + filled);
    if (bytesRead === 0) throw outOfRange(range);
    filled += bytesRead;
  }
  return bytes;
};

const outOfRange = ({ name, offset, length }: FileRange): StoreFailure =>
  new StoreFailure("OutOfRange", `${name} ends before byte ${offset + length}.`);
