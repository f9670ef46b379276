import type { FileHandle } from "node:fs/promises";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { BlockId } from "../../ports/destination.ts";
import type { Place } from "./block-journal.ts";
import { unlessCode } from "../../domain/error-code.ts";
import type { Disk } from "./disk.ts";
import { piecesOf, writePieces } from "./file-ranges.ts";

/** A block and where it may lie. */
export interface FoundBlock {
  readonly block: BlockId;
  readonly places: readonly Place[];
}

interface Copying {
  readonly blocks: readonly FoundBlock[];
  /** Told of a place whose bytes are not those that were noted. */
  readonly damaged: (block: BlockId, place: Place) => void;
  /** What to throw for a block that is whole in none of its places. */
  readonly missing: (block: BlockId) => Error;
  readonly signal: AbortSignal | undefined;
}

/** Copies blocks one behind another into a new file, each from the first place where it is whole; answers the file's size. */
export const copyInOrder = async (disk: Disk, path: string, copying: Copying): Promise<number> => {
  const target = await disk.open(path, "wx", 0o600);
  const sources = new Map<string, FileHandle>();
  try {
    let sizeBytes = 0;
    for (const found of copying.blocks)
      sizeBytes += await copyBlock(disk, found, { ...copying, target, offset: sizeBytes, sources });
    return sizeBytes;
  } catch (error) {
    await disk.rm(path, { force: true });
    throw error;
  } finally {
    await Promise.all([target, ...sources.values()].map((handle) => handle.close()));
  }
};

interface CopyingTo extends Copying {
  readonly target: FileHandle;
  readonly offset: number;
  /** Files that are open by now. */
  readonly sources: Map<string, FileHandle>;
}

const copyBlock = async (disk: Disk, { block, places }: FoundBlock, to: CopyingTo): Promise<number> => {
  for (const place of places) {
    const source = to.sources.get(place.path) ?? (await disk.open(place.path, "r").catch(unlessCode("ENOENT")));
    if (source === undefined) continue;
    to.sources.set(place.path, source);
    const pieces = piecesOf(source, { name: place.path, ...place }, to.signal);
    const crc = await writePieces(to.target, pieces, { offset: to.offset, length: place.length }).catch(shortAsDamaged);
    if (crc === place.crc) return place.length;
    to.damaged(block, place);
  }
  throw to.missing(block);
};

/** A file that ends before its journal says so is one that a power cut shortened. */
const shortAsDamaged = (error: unknown): undefined => {
  if (error instanceof StoreFailure && error.kind === "OutOfRange") return undefined;
  throw error;
};
