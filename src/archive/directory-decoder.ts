import { ArchiveInvalid } from "./archive-invalid.ts";
import { centralRecordExtent, decodeCentralRecord } from "./central-decoder.ts";
import { DirectoryColumns } from "./directory-columns.ts";

/** Turns the bytes of a central directory (or of a shard's index), given in pieces of any size, into columns. */
export class DirectoryDecoder {
  readonly directory: DirectoryColumns;
  readonly #shift: number;
  #rest: Uint8Array = new Uint8Array();

  /** Rows are added to `directory`, their offsets moved by `shift`. */
  constructor(directory = new DirectoryColumns(), shift = 0) {
    this.directory = directory;
    this.#shift = shift;
  }

  push(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (;;) {
      const extent = centralRecordExtent(bytes, at);
      if (extent === undefined || extent > bytes.length - at) break;
      const entry = decodeCentralRecord(bytes, at, this.directory.owners);
      this.directory.append(this.#shift === 0 ? entry : { ...entry, offset: entry.offset + this.#shift });
      at += extent;
    }
    this.#rest = bytes.slice(at);
  }

  /** Throws `Truncated` when the last record is not complete. */
  finish(): DirectoryColumns {
    if (this.#rest.length > 0)
      throw new ArchiveInvalid("Truncated", `The directory ends within a record (entry ${this.directory.length}).`);
    return this.directory;
  }
}

export const decodeDirectory = (pieces: Iterable<Uint8Array>): DirectoryColumns => {
  const decoder = new DirectoryDecoder();
  for (const piece of pieces) decoder.push(piece);
  return decoder.finish();
};
