import type { BytePath } from "../../domain/byte-path.ts";
import type { ByteReader } from "./little-endian.ts";

const utf8Flag = 0x0800;

/** Bit 11 stands on names that are UTF-8 and not plain ASCII; all other names are raw bytes without it. */
export const nameFlag = (name: BytePath): number => {
  // oxlint-disable-next-line no-control-regex -- ASCII is what is meant
  if (/^[\0-\x7f]*$/.test(name)) return 0;
  const bytes = Buffer.from(name, "latin1");
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes) ? utf8Flag : 0;
};

// The cast is safe: latin1 decoding yields one character below 256 a byte.
export const readName = (fields: ByteReader, length: number): BytePath => fields.latin1(length) as BytePath;

// The cast is safe: one ASCII character for another.
export const slashed = (name: BytePath): BytePath => name.replaceAll("\\", "/") as BytePath;
