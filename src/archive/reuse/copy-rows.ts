import { decodeCentralRecord } from "../records/central-decoder.ts";
import { CentralEncoder } from "../records/central-encoder.ts";
import { offsetsInRuns, type CopyShard } from "./copy-shards.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { noOwnerNames } from "../records/directory-entry.ts";
import type { IndexRun } from "../shards/shard-index.ts";

/**
 * The rows of what was copied, in the order of the data. Records come as they are: all of a run together, as long as
 * nothing before them in it was left behind.
 */
export class CopyRows {
  readonly #shard: CopyShard;
  readonly #offsets: Float64Array;
  readonly #runs: IndexRun[] = [];
  /** Records that begin and end here in the shard's, and what their offsets count from. */
  #open: { readonly shift: number; readonly start: number; end: number } | undefined;
  #next = 0;

  constructor(shard: CopyShard, directory: DirectoryColumns) {
    this.#shard = shard;
    this.#offsets = offsetsInRuns(directory, shard.archivedAt);
  }

  /** Index in the shard of the next entry, in the order of the data, that lies at this place of the previous archive. */
  indexOf(place: number): number {
    const { archivedAt } = this.#shard;
    for (let tried = 0; tried < archivedAt.length; tried++, this.#next++) {
      if (this.#next >= archivedAt.length) this.#next = 0;
      if (archivedAt[this.#next] === place) return this.#next;
    }
    throw new Error(`Place ${place} is not in the shard.`);
  }

  add(place: number, offset: number): void {
    const index = this.indexOf(place);
    const start = index === 0 ? 0 : (this.#shard.recordEnds[index - 1] ?? 0);
    const end = this.#shard.recordEnds[index] ?? 0;
    const shift = offset - (this.#offsets[index] ?? 0);
    if (this.#open?.shift === shift && this.#open.end === start) {
      this.#open.end = end;
      return;
    }
    this.#close();
    if (shift >= 0) this.#open = { shift, start, end };
    else this.#runs.push({ shift: 0, records: moved(this.#shard.records.subarray(start, end), offset) });
  }

  finish(): readonly IndexRun[] {
    this.#close();
    return this.#runs;
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { shift, start, end } = this.#open;
    this.#runs.push({ shift, records: this.#shard.records.subarray(start, end) });
    this.#open = undefined;
  }
}

/** Something before it in its run was damaged: its offset counts from the start of the shard. */
const moved = (record: Uint8Array, offset: number): Uint8Array => {
  const owners = noOwnerNames();
  const row = decodeCentralRecord(record, 0, owners);
  return new CentralEncoder(owners).encode({ ...row, offset });
};
