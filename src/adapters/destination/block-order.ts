import type { BlockId } from "../../ports/destination.ts";
import type { Place } from "./block-journal.ts";

/** Local headers, which only the end of their file completes, have at most two names' worth of bytes. */
const longestLate = 2 ** 18;

export interface Move {
  readonly block: BlockId;
  readonly from: Place;
  /** Offset. */
  readonly to: number;
}

interface EndToEnd {
  readonly path: string;
  readonly sizeBytes: number;
  /** Short blocks that were staged late, behind the others, and the gaps that were left for them. */
  readonly late: readonly Move[];
}

/** The one file whose beginning these blocks are, in this order, once the late ones are moved; undefined: there is none. */
export const endToEnd = (blocks: readonly BlockId[], placeOf: ReadonlyMap<BlockId, Place>): EndToEnd | undefined => {
  const places = blocks.map((block) => placeOf.get(block));
  const path = places[0]?.path;
  if (path === undefined) return undefined;
  const late: Move[] = [];
  let sizeBytes = 0;
  for (const [at, block] of blocks.entries()) {
    const from = places[at];
    if (from?.path !== path) return undefined;
    const end = sizeBytes + from.length;
    if (from.offset !== sizeBytes) {
      const next = places[at + 1];
      const isGap = next?.path === path && next.offset === end;
      if (from.length > longestLate || !isGap) return undefined;
      late.push({ block, from, to: sizeBytes });
    }
    sizeBytes = end;
  }
  return { path, sizeBytes, late };
};
