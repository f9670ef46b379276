import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import type { ByteSource } from "../../src/archive/read/byte-source.ts";

/** An archive that a test has in hand. */
export const memorySource = (name: string, bytes: Uint8Array): ByteSource => ({
  name,
  sizeBytes: bytes.length,
  read: async (offset, length) => {
    if (offset < 0 || length < 0 || offset + length > bytes.length)
      throw new ArchiveInvalid(
        "Truncated",
        `${name} has ${bytes.length} bytes; ${offset} to ${offset + length} asked.`,
      );
    return new Uint8Array(bytes.subarray(offset, offset + length));
  },
});
