import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import type { Piece } from "./block-writer.ts";
import type { SliceSums } from "./large-facts.ts";

/** Directory records whose offsets count from `shift` bytes behind the shard's start (missing headers not counted). */
export interface IndexRun {
  readonly shift: number;
  readonly records: Uint8Array;
}

/** Some slices of a file that goes on before or behind its shard. */
export interface FilePart {
  /** The file's directory record, without what its content says. */
  readonly record: Uint8Array;
  readonly firstSlice: number;
  readonly sums: SliceSums;
  /** The file ends here: with its last slice, or because it turned out to be shorter. */
  readonly isEnd: boolean;
  readonly hasChanged: boolean;
  /** Why it could not be read on; its bytes are then not among the pieces. */
  readonly failure?: string;
  /** Where its bytes lie among the shard's pieces, `to` exclusive. */
  readonly pieces: { readonly from: number; readonly to: number };
}

/** What became of a shard: everything that sealing needs to know about it. */
export interface ShardIndex {
  readonly shard: number;
  /** In order. */
  readonly pieces: readonly Piece[];
  /** In the order of the data. */
  readonly runs: readonly IndexRun[];
  /** At most one at each end of the shard, in order. */
  readonly parts: readonly FilePart[];
  /** Entries that are in the runs. */
  readonly entries: number;
  /** Their content, before packing; parts included. */
  readonly sizeBytes: number;
  /** Planned entries that are not in the archive, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Files that changed while they were read, also at the second attempt. */
  readonly changed: readonly BytePath[];
}
