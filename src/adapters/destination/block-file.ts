import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { BlockId } from "../../ports/destination.ts";
import type { Disk } from "./disk.ts";

/** Where a staged block lies, and the CRC-32 that proves it is still there after a crash. */
export interface Place {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR;

/** A file of staged blocks, one after another, and its journal; only the process that made it appends. */
export class BlockFile {
  readonly path: string;
  readonly journalPath: string;
  readonly #data: FileHandle;
  readonly #journal: FileHandle;
  readonly #appending = new Set<Promise<unknown>>();
  #isFull = false;
  #end = 0;
  #written = 0;
  #synced = 0;

  private constructor(
    paths: { readonly data: string; readonly journal: string },
    data: FileHandle,
    journal: FileHandle,
  ) {
    this.path = paths.data;
    this.journalPath = paths.journal;
    this.#data = data;
    this.#journal = journal;
  }

  static async create(disk: Disk, folder: string, id: string): Promise<BlockFile> {
    const paths = { data: `${folder}/${id}.blocks`, journal: `${folder}/${id}.journal` };
    const data = await disk.open(paths.data, newFile, 0o600);
    try {
      return new BlockFile(paths, data, await disk.open(paths.journal, newFile | constants.O_APPEND, 0o600));
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Returns when the blocks under way are written; from the call on there are no more. */
  async fill(): Promise<void> {
    this.#isFull = true;
    await Promise.allSettled(this.#appending);
  }

  /** Blocks lie in the order of the calls. Pieces are written as they come; together they must have `length` bytes. */
  async append(block: BlockId, length: number, pieces: Pieces): Promise<Place> {
    const appending = this.#append(block, length, pieces);
    this.#appending.add(appending);
    try {
      return await appending;
    } finally {
      this.#appending.delete(appending);
    }
  }

  async #append(block: BlockId, length: number, pieces: Pieces): Promise<Place> {
    const offset = this.#end;
    this.#end += length;
    try {
      const crc = await writePieces(this.#data, pieces, { offset, length });
      const place = { path: this.path, offset, length, crc };
      // Before the journal: a failed line leaves bytes behind that the next sync must not take for synced.
      this.#written++;
      await writeFully(this.#journal, Buffer.from(journalLine(block, place)), null);
      return place;
    } catch (error) {
      // The last one gives its room back, so that the next block follows without a gap.
      if (this.#end === offset + length) this.#end = offset;
      throw error;
    }
  }

  /** What has been appended when this is called survives a power cut when it returns. */
  async sync(): Promise<void> {
    const written = this.#written;
    if (written === this.#synced) return;
    await this.#data.datasync();
    await this.#journal.datasync();
    this.#synced = Math.max(this.#synced, written);
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.close(), this.#journal.close()]);
  }
}

/** Writes the pieces from `offset` on, exactly `length` bytes, and answers their CRC-32. */
export const writePieces = async (
  handle: FileHandle,
  pieces: Pieces,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<number> => {
  let crc = 0;
  let written = 0;
  for await (const piece of pieces) {
    crc = crc32(piece, crc);
    await writeFully(handle, piece, offset + written);
    written += piece.byteLength;
  }
  if (written !== length) throw new Error(`${written} bytes came, and ${length} were announced.`);
  return crc;
};

const writeFully = async (handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    const at = position === null ? null : position + done;
    done += (await handle.write(bytes, done, bytes.byteLength - done, at)).bytesWritten;
  }
};

const journalLine = (block: BlockId, { offset, length, crc }: Place): string =>
  `${block} ${offset} ${length} ${crc.toString(16).padStart(8, "0")}\n`;

/** Every whole line of a journal; what a crash tore or a power cut blanked is not there. A later line of an id wins. */
export const readJournal = (text: string, path: string): ReadonlyMap<BlockId, Place> => {
  const places = new Map<BlockId, Place>();
  for (const line of text.split("\n").slice(0, -1)) {
    const found = /^([A-Za-z0-9+/]{32}) (\d{1,15}) (\d{1,15}) ([0-9a-f]{8})$/.exec(line);
    if (!found) continue;
    const [, block = "", offset, length, crc = ""] = found;
    // The expression has just proved the form of a block id.
    places.set(block as BlockId, { path, offset: Number(offset), length: Number(length), crc: parseInt(crc, 16) });
  }
  return places;
};

const pieceBytes = 8 * 1024 * 1024;

/** A range of an open file in pieces; each is valid until the next is asked for. Throws OutOfRange where the file ends. */
export async function* piecesOf(
  handle: FileHandle,
  range: { readonly name: string; readonly offset: number; readonly length: number },
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, range.length));
  for (let done = 0; done < range.length;) {
    signal?.throwIfAborted();
    const wanted = Math.min(buffer.length, range.length - done);
    const { bytesRead } = await handle.read(buffer, 0, wanted, range.offset + done);
    if (bytesRead === 0)
      throw new StoreFailure("OutOfRange", `${range.name} ends before byte ${range.offset + range.length}.`);
    yield buffer.subarray(0, bytesRead);
    done += bytesRead;
  }
}
