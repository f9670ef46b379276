import type { BlockId } from "../../ports/destination.ts";

/** Where a staged block lies, and the CRC-32 that proves it is still there after a crash. */
export interface Place {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

export const journalOf = (path: string): string => path.replace(/blocks$/, "journal");

export const journalLine = (block: BlockId, { offset, length, crc }: Place): string =>
  `${block} ${offset} ${length} ${crc.toString(16).padStart(8, "0")}\n`;

/** Every whole line of a journal; what a crash tore or a power cut blanked is not there. A later line of an id wins. */
export const readJournal = (text: string, path: string): ReadonlyMap<BlockId, Place> => {
  const places = new Map<BlockId, Place>();
  for (const line of text.split("\n").slice(0, -1)) {
    const found = /^([A-Za-z0-9+/]{32}) (\d{1,15}) (\d{1,15}) ([0-9a-f]{8})$/.exec(line);
    if (!found) continue;
    const [, block = "", offset, length, crc = ""] = found;
    // The expression has just proved the form of a block id.
    places.set(block as BlockId, { path, offset: Number(offset), length: Number(length), crc: parseInt(crc, 16) });
  }
  return places;
};
