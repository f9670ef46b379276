import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import { BlockWriter, type BlockTarget } from "./block-writer.ts";
import { CentralEncoder } from "../records/central-encoder.ts";
import { noOwnerNames, type DirectoryEntry, type OwnerNames } from "../records/directory-entry.ts";
import { encodeLocalHeader } from "../records/local-header.ts";
import type { PackFilesResult } from "../threads/pack-jobs.ts";
import type { FilePart, IndexRun, ShardIndex } from "./shard-index.ts";

/** Collects what a shard is made of, in order. */
export class ShardWriter {
  readonly blocks: BlockWriter;
  readonly owners: OwnerNames;
  readonly #shard: number;
  readonly #runs: IndexRun[] = [];
  readonly #parts: FilePart[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #changed: BytePath[] = [];
  #entries = 0;
  #sizeBytes = 0;

  constructor(target: BlockTarget, owners = noOwnerNames()) {
    this.blocks = new BlockWriter(target);
    this.#shard = target.shard;
    this.owners = owners;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Of contents, before packing. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds the entries from place `from` to `to` (exclusive) of what a thread has packed; none was refused. */
  async addPacked(packed: PackFilesResult, from: number, to: number): Promise<void> {
    if (from === to) return;
    const start = from === 0 ? 0 : (packed.outputEnds[from - 1] ?? 0);
    const recordStart = from === 0 ? 0 : (packed.recordEnds[from - 1] ?? 0);
    const records = packed.records.subarray(recordStart, packed.recordEnds[to - 1]);
    this.#runs.push({ shift: this.blocks.length - start, records });
    this.#entries += to - from;
    this.#sizeBytes += (packed.contentEnds[to - 1] ?? 0) - (from === 0 ? 0 : (packed.contentEnds[from - 1] ?? 0));
    await this.blocks.write(packed.output.subarray(start, packed.outputEnds[to - 1]));
  }

  /** Adds an entry's row, and its header, before its bytes are written. */
  async addEntry(row: DirectoryEntry): Promise<void> {
    this.addRow(row, this.blocks.length);
    await this.blocks.write(encodeLocalHeader(row));
  }

  addRow(row: DirectoryEntry, at: number): void {
    this.#runs.push({ shift: at, records: this.encodedRow(row) });
    this.#entries++;
  }

  encodedRow(row: DirectoryEntry): Uint8Array {
    return new CentralEncoder(this.owners).encode({ ...row, offset: 0 });
  }

  addPart(part: FilePart): void {
    this.#parts.push(part);
  }

  addContent(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
  }

  leaveOut(entry: Pick<ListedEntry, "path">, reason: string): void {
    this.#leftOut.push({ path: entry.path, reason });
  }

  noteChanged(path: BytePath): void {
    this.#changed.push(path);
  }

  async finish(): Promise<ShardIndex> {
    return {
      shard: this.#shard,
      pieces: await this.blocks.finish(),
      runs: this.#runs,
      parts: this.#parts,
      entries: this.#entries,
      sizeBytes: this.#sizeBytes,
      leftOut: this.#leftOut,
      changed: this.#changed,
    };
  }
}
