import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import type { BlockId } from "../../ports/destination.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { isBlock, type Piece } from "./block-writer.ts";
import type { SliceSums } from "./large-facts.ts";
import { ByteReader, ByteWriter } from "../records/little-endian.ts";
import type { FilePart, IndexRun, ShardIndex } from "./shard-index.ts";

const version = 1;
const idBytes = 24;

/** A shard's index for scratch. */
export const encodeShardIndex = (index: ShardIndex): Uint8Array => {
  const out = new Growing();
  out.number(version);
  out.number(index.shard);
  out.number(index.entries);
  out.number(index.sizeBytes);
  out.list(index.pieces, (piece) => writePiece(out, piece));
  out.list(index.runs, (run) => {
    out.number(run.shift);
    out.bytes(run.records);
  });
  out.list(index.parts, (part) => writePart(out, part));
  out.list(index.leftOut, ({ path, reason }) => {
    out.bytes(Buffer.from(path, "latin1"));
    out.bytes(Buffer.from(reason, "utf8"));
  });
  out.list(index.changed, (path) => out.bytes(Buffer.from(path, "latin1")));
  return out.finish();
};

/** Throws ArchiveInvalid for anything else than what `encodeShardIndex` makes. */
export const decodeShardIndex = (bytes: Uint8Array): ShardIndex => {
  const fields = new ByteReader(bytes);
  if (fields.size() !== version) throw new ArchiveInvalid("BadRecord", "A shard's index is of another version.");
  const index = {
    shard: fields.size(),
    entries: fields.size(),
    sizeBytes: fields.size(),
    pieces: list(fields, readPiece),
    runs: list(fields, (): IndexRun => ({ shift: fields.size(), records: readBytes(fields) })),
    parts: list(fields, readPart),
    leftOut: list(fields, (): LeftOut => ({ path: readPath(fields), reason: readBytes(fields).toString("utf8") })),
    changed: list(fields, readPath),
  };
  if (fields.left > 0) throw new ArchiveInvalid("BadRecord", "A shard's index is longer than what it holds.");
  return index;
};

/** Fields one after another, without knowing their length beforehand. */
class Growing {
  readonly #parts: Uint8Array[] = [];

  number(value: number): void {
    this.#parts.push(new ByteWriter(Buffer.allocUnsafe(8)).size(value).bytes);
  }

  bytes(value: Uint8Array): void {
    this.number(value.length);
    this.#parts.push(value);
  }

  list<Value>(values: readonly Value[], write: (value: Value) => void): void {
    this.number(values.length);
    for (const value of values) write(value);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

const list = <Value>(fields: ByteReader, read: (fields: ByteReader) => Value): Value[] => {
  const values: Value[] = [];
  for (let left = fields.size(); left > 0; left--) values.push(read(fields));
  return values;
};

const readBytes = (fields: ByteReader): Buffer => fields.bytes(fields.size());

// The cast is safe: latin1 decoding yields one character below 256 a byte.
const readPath = (fields: ByteReader): BytePath => fields.latin1(fields.size()) as BytePath;

/** A header's place has no id. */
const writePiece = (out: Growing, piece: Piece): void => {
  out.number(isBlock(piece) ? piece.length : piece.header);
  out.bytes(isBlock(piece) ? Buffer.from(piece.block, "base64") : Buffer.alloc(0));
};

const readPiece = (fields: ByteReader): Piece => {
  const value = fields.size();
  const id = readBytes(fields);
  if (id.length === 0) return { header: value };
  if (id.length !== idBytes) throw new ArchiveInvalid("BadRecord", "A shard's index names a block in a wrong way.");
  // The cast is safe: 24 bytes make an id.
  return { block: id.toString("base64") as BlockId, length: value };
};

const writePart = (out: Growing, part: FilePart): void => {
  out.bytes(part.record);
  out.number(part.firstSlice);
  out.number((part.isEnd ? 1 : 0) | (part.hasChanged ? 2 : 0) | (part.failure === undefined ? 0 : 4));
  out.bytes(Buffer.from(part.failure ?? "", "utf8"));
  for (const value of [part.sums.sizeBytes, part.sums.crc, part.sums.storedBytes, part.sums.storedCrc])
    out.number(value);
  out.bytes(part.sums.hashes);
  out.number(part.pieces.from);
  out.number(part.pieces.to);
};

const readPart = (fields: ByteReader): FilePart => {
  const record = readBytes(fields);
  const firstSlice = fields.size();
  const flags = fields.size();
  const failure = readBytes(fields).toString("utf8");
  return {
    record,
    firstSlice,
    isEnd: (flags & 1) !== 0,
    hasChanged: (flags & 2) !== 0,
    ...(flags & 4 ? { failure } : {}),
    sums: readSums(fields),
    pieces: { from: fields.size(), to: fields.size() },
  };
};

const readSums = (fields: ByteReader): SliceSums => ({
  sizeBytes: fields.size(),
  crc: fields.size(),
  storedBytes: fields.size(),
  storedCrc: fields.size(),
  hashes: readBytes(fields),
});
