import { closeSync, fstatSync, openSync, read } from "node:fs";
import { promisify } from "node:util";
import type { ByteSource } from "../../src/archive/read/byte-source.ts";

const readAt = promisify(read);

/** A file of this machine as the source of an archive. */
export const fileSource = (path: string): ByteSource & { readonly close: () => void } => {
  const descriptor = openSync(path, "r");
  return {
    name: path,
    sizeBytes: fstatSync(descriptor).size,
    read: async (offset, length) => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await readAt(descriptor, bytes, 0, length, offset);
      if (bytesRead !== length) throw new Error(`${path}: ${bytesRead} of ${length} bytes at ${offset}.`);
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
};
