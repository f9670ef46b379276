import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import type { BlockId } from "../../ports/destination.ts";
import { blockId } from "./block-id.ts";
import { isBlock, type Piece } from "./block-writer.ts";
import { decodeCentralRecord } from "../records/central-decoder.ts";
import { DirectoryColumns } from "../directory/directory-columns.ts";
import { DirectoryDecoder } from "../directory/directory-decoder.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import { joinParts, type JoinedFile, type PlacedPart } from "./file-parts.ts";
import { encodeLocalHeader } from "../records/local-header.ts";
import type { ShardIndex } from "./shard-index.ts";

/** A shard's pieces, and which rows of the directory are its. */
interface LaidShard {
  readonly shard: number;
  readonly pieces: readonly Piece[];
  readonly firstRow: number;
  readonly endRow: number;
}

/** A local header that had to wait for the end of its file. */
interface LateHeader {
  readonly block: BlockId;
  readonly bytes: Uint8Array;
}

/** Everything before the central directory. */
interface SealLayout {
  /** In the order of the data, with offsets in the archive. */
  readonly directory: DirectoryColumns;
  readonly blocks: readonly BlockId[];
  readonly headers: readonly LateHeader[];
  readonly length: number;
  readonly leftOut: readonly LeftOut[];
  readonly changed: readonly BytePath[];
}

/** Collects shards, in the order of the data, and lays them out. */
export class SealLayoutBuilder {
  readonly #directory = new DirectoryColumns();
  readonly #shards: LaidShard[] = [];
  readonly #parts: PlacedPart[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #changed: BytePath[] = [];

  add(index: ShardIndex): void {
    const firstRow = this.#directory.length;
    for (const run of index.runs) {
      const decoder = new DirectoryDecoder(this.#directory, run.shift);
      decoder.push(run.records);
      decoder.finish();
    }
    for (const part of index.parts) {
      // For the owners' names, which only the first record of an owner has.
      decodeCentralRecord(part.record, 0, this.#directory.owners);
      this.#parts.push({ shard: this.#shards.length, part });
    }
    this.#shards.push({ shard: index.shard, pieces: index.pieces, firstRow, endRow: this.#directory.length });
    for (const left of index.leftOut) this.#leftOut.push(left);
    for (const path of index.changed) this.#changed.push(path);
  }

  finish(): SealLayout {
    const files = joinParts(this.#parts);
    const joinedRows = new Map<string, number>();
    const unused = new Set<string>();
    for (const file of files) this.#addJoined(file, joinedRows, unused);
    const walk = new Walk(this.#directory);
    for (const [place, shard] of this.#shards.entries()) walk.addShard(shard, place, { joinedRows, unused });
    return { directory: this.#directory, ...walk.finish(), leftOut: this.#leftOut, changed: this.#changed };
  }

  #addJoined(file: JoinedFile, joinedRows: Map<string, number>, unused: Set<string>): void {
    for (const { shard, part } of file.parts.slice(file.usedParts))
      for (let piece = part.pieces.from; piece < part.pieces.to; piece++) unused.add(`${shard}:${piece}`);
    if ("reason" in file.result) return void this.#leftOut.push(file.result);
    const first = file.parts[0];
    joinedRows.set(`${first?.shard}:${first?.part.pieces.from}`, this.#directory.length);
    this.#directory.append(file.result);
    // The cast is safe: a part of a byte path.
    if (file.result.changedWhileRead) this.#changed.push(file.result.name.slice(filesPrefix.length) as BytePath);
  }
}

/** Goes through the pieces in order and gives every row its offset, checking that the entries lie end to end. */
class Walk {
  readonly #directory: DirectoryColumns;
  readonly #blocks: BlockId[] = [];
  readonly #headers: LateHeader[] = [];
  #length = 0;
  /** Where the entry that began last ends, and the next has to begin. */
  #entryEnd = 0;

  constructor(directory: DirectoryColumns) {
    this.#directory = directory;
  }

  addShard(
    { shard, pieces, firstRow, endRow }: LaidShard,
    place: number,
    joined: { readonly joinedRows: ReadonlyMap<string, number>; readonly unused: ReadonlySet<string> },
  ): void {
    let row = firstRow;
    let inShard = 0;
    for (const [at, piece] of pieces.entries()) {
      const key = `${place}:${at}`;
      const isUsed = !joined.unused.has(key);
      if (!isBlock(piece)) {
        if (isUsed) this.#addHeader(shard, piece.header, joined.joinedRows.get(key) ?? row++);
        continue;
      }
      const end = inShard + piece.length;
      for (; row < endRow && this.#directory.offset(row) < end; row++)
        this.#beginEntry(row, this.#directory.offset(row) - inShard + this.#length);
      inShard = end;
      if (!isUsed) continue;
      this.#blocks.push(piece.block);
      this.#length += piece.length;
    }
    if (row !== endRow) throw new Error(`Shard ${shard} has entries beyond its end.`);
  }

  finish(): Pick<SealLayout, "blocks" | "headers" | "length"> {
    if (this.#entryEnd !== this.#length) throw new Error("The last entry does not end where the data ends.");
    return { blocks: this.#blocks, headers: this.#headers, length: this.#length };
  }

  #addHeader(shard: number, position: number, row: number): void {
    this.#beginEntry(row, this.#length);
    const bytes = encodeLocalHeader(this.#directory.at(row));
    const block = blockId(shard, position, bytes);
    this.#headers.push({ block, bytes });
    this.#blocks.push(block);
    this.#length += bytes.length;
  }

  #beginEntry(row: number, offset: number): void {
    if (offset !== this.#entryEnd)
      throw new Error(`${this.#directory.name(row)} begins at ${offset}, not at ${this.#entryEnd}.`);
    this.#directory.setOffset(row, offset);
    this.#entryEnd = offset + this.#directory.headerBytes(row) + this.#directory.storedBytes(row);
  }
}
