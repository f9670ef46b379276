/**
 * A file's path as raw bytes, one character per byte (latin1), segments joined by "/", relative, no "." or "..".
 *
 * File names are bytes on Linux and need not be UTF-8. Held this way they survive unchanged, take one byte a
 * character in memory, work as Map keys, and `<` compares them in raw byte order, which is the archive's order.
 */
export type BytePath = string & { readonly __bytePath: unique symbol };

/** The site itself. */
export const noPath = "" as BytePath;

// The casts are safe: any string of code units below 256 is a byte path.
export const pathFromBytes = (bytes: Uint8Array): BytePath =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as BytePath;

export const pathFromText = (text: string): BytePath => Buffer.from(text, "utf8").toString("latin1") as BytePath;

export const pathBytes = (path: BytePath): Buffer => Buffer.from(path, "latin1");

/** For people: UTF-8 where the bytes are, with U+FFFD for what is not. Never used to find a file again. */
export const pathText = (path: BytePath): string => Buffer.from(path, "latin1").toString("utf8");
