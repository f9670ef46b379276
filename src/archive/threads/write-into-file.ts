import { closeSync, constants, openSync } from "node:fs";
import { withShortPath } from "./long-path.ts";
import { writeFully } from "./write-new-file.ts";

/** Where a slice belongs in a file that exists already. */
export interface PlaceInFile {
  /** latin1, one character a byte. */
  readonly path: string;
  readonly position: number;
}

const existing = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

/** Writes all parts there, one behind the other. */
export const writeIntoFile = ({ path, position }: PlaceInFile, parts: readonly Uint8Array[]): void => {
  const descriptor = withShortPath(Buffer.from(path, "latin1"), (short) => openSync(short, existing));
  try {
    let at = position;
    for (const part of parts) {
      writeFully(descriptor, part, at);
      at += part.length;
    }
  } finally {
    closeSync(descriptor);
  }
};
