import { createInflateRaw, inflateRawSync, type InflateRaw } from "node:zlib";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { checkContent, ContentCheck } from "./content-check.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";

/** What is needed to make an entry's content of its stored bytes. */
type StoredEntry = Pick<DirectoryEntry, "method" | "generalFlags" | "crc" | "sizeBytes" | "hash">;

const encryptedBits = 0x2041;

/** Throws Encrypted or UnsupportedMethod: such entries are listed, but not read. */
export const checkReadable = (entry: Pick<DirectoryEntry, "method" | "generalFlags">): void => {
  if ((entry.generalFlags & encryptedBits) !== 0) throw new ArchiveInvalid("Encrypted", "It is encrypted.");
  if (entry.method !== 0 && entry.method !== 8)
    throw new ArchiveInvalid("UnsupportedMethod", `It is compressed with method ${entry.method}.`);
};

const damaged = (entry: StoredEntry, cause: unknown): ArchiveInvalid => {
  if (cause instanceof ArchiveInvalid) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ERR_BUFFER_TOO_LARGE")
    return new ArchiveInvalid("Bomb", `More than the ${entry.sizeBytes} bytes it says come out of it.`);
  return new ArchiveInvalid("Damaged", "What is stored of it cannot be inflated.", { cause });
};

/**
 * The checked content, at once; for entries whose size the caller is willing to hold. `storedCrc`: of what is stored,
 * where it is known.
 */
export const inflateWhole = (entry: StoredEntry, stored: Uint8Array, storedCrc?: number): Uint8Array => {
  checkReadable(entry);
  const isStored = entry.method === 0;
  const content = isStored ? stored : inflateAtOnce(entry, stored);
  checkContent(entry, content, isStored ? storedCrc : undefined);
  return content;
};

const inflateAtOnce = (entry: StoredEntry, stored: Uint8Array): Uint8Array => {
  try {
    // One byte more than what should come, so that zlib needs no second buffer to see the end.
    return inflateRawSync(stored, {
      chunkSize: Math.max(64, entry.sizeBytes + 1),
      maxOutputLength: entry.sizeBytes || 1,
    });
  } catch (error) {
    throw damaged(entry, error);
  }
};

/**
 * The content in pieces, never more than the entry says. It counts only once the end is reached without an error:
 * then size, checksum and hash were right.
 */
export async function* inflatePieces(
  entry: StoredEntry,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  checkReadable(entry);
  const check = new ContentCheck(entry);
  for await (const piece of entry.method === 0 ? stored : inflated(entry, stored)) {
    check.update(piece);
    yield piece;
  }
  check.finish();
}

const outputBytes = 256 * 2 ** 10;

async function* inflated(entry: StoredEntry, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: outputBytes });
  let readFailure: { readonly error: unknown } | undefined;
  const feeding = feed(inflater, stored).catch((error: unknown) => {
    readFailure = { error };
    inflater.destroy();
  });
  try {
    for await (const piece of inflater) yield piece as Uint8Array; // A zlib stream without encoding gives Buffers.
  } catch (error) {
    if (readFailure === undefined) throw damaged(entry, error);
  } finally {
    inflater.destroy();
    await feeding;
  }
  if (readFailure !== undefined) throw readFailure.error;
}

/** Ends early, without error, when the inflater is done or destroyed: then zlib may never call back a write. */
const feed = async (inflater: InflateRaw, stored: AsyncIterable<Uint8Array>): Promise<void> => {
  let release: (() => void) | undefined;
  inflater.once("close", () => release?.());
  for await (const piece of stored) {
    if (inflater.destroyed) return;
    await new Promise<void>((resolve) => {
      release = resolve;
      inflater.write(piece, () => resolve());
    });
  }
  if (!inflater.destroyed) inflater.end();
};
