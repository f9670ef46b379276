import { ArchiveInvalid } from "../archive-invalid.ts";
import { centralRecordExtent, decodeNextRecord } from "../records/central-decoder.ts";
import { DirectoryColumns } from "./directory-columns.ts";
import { ByteReader } from "../records/little-endian.ts";

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
    const fields = new ByteReader(bytes);
    for (;;) {
      const extent = centralRecordExtent(bytes, fields.position);
      if (extent === undefined || extent > fields.left) break;
      const record = { at: fields.position, end: fields.position + extent };
      if (this.directory.appendRecord(bytes, record, this.#shift)) fields.skip(extent);
      else this.directory.append(decodeNextRecord(fields, this.directory.owners), this.#shift);
    }
    this.#rest = bytes.slice(fields.position);
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
