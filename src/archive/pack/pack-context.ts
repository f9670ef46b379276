import type { LocalRoot, SiteFiles } from "../../ports/site-files.ts";
import type { PackRunner } from "../threads/pack-runner.ts";
import type { ShardWriter } from "../shards/shard-writer.ts";
import type { SpareMemory } from "./spare-memory.ts";

/** What everything that packs a shard needs. */
export interface PackContext {
  readonly site: SiteFiles;
  readonly runner: PackRunner;
  readonly writer: ShardWriter;
  /** Set where threads read the files themselves. */
  readonly roots: readonly LocalRoot[] | undefined;
  readonly suspectAfterNs: bigint;
  /** Slices of a file are held in memory up to this much, until its header can be written. */
  readonly heldBytes: number;
  /** For what jobs pack. */
  readonly spare: SpareMemory;
  readonly signal: AbortSignal | undefined;
}
