import { createHash } from "node:crypto";
import type { BlockId, StoredObject, Upload } from "../../ports/destination.ts";

/** How the port's values look on the wire of Azure Blob Storage, and back. */

/** Of one length for all blocks, as Azure demands; the run is in it, so that runs for one name never mix. */
export const wireId = (upload: Upload, block: BlockId): string => {
  const run = createHash("sha256").update(upload.run).digest().subarray(0, 8);
  return Buffer.concat([run, Buffer.from(block, "base64")]).toString("base64");
};

export const storedObject = (
  name: string,
  from: {
    readonly contentLength?: number | undefined;
    readonly etag?: string | undefined;
    readonly lastModified?: Date | undefined;
    readonly metadata?: Readonly<Record<string, string>> | undefined;
  },
): StoredObject => ({
  name,
  sizeBytes: from.contentLength ?? 0,
  // In quotes in headers, without in lists.
  etag: (from.etag ?? "").replace(/^"|"$/g, ""),
  modified: from.lastModified ?? new Date(0),
  metadata: Object.fromEntries(Object.entries(from.metadata ?? {}).map(([key, value]) => [key.toLowerCase(), value])),
});

export const quoted = (etag: string): string => `"${etag}"`;

export const filled = async (body: AsyncIterable<Buffer | string>, length: number): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafe(length);
  let end = 0;
  try {
    for await (const chunk of body) {
      const piece = Buffer.from(chunk);
      // More than was asked for is counted and not kept.
      piece.copy(bytes, Math.min(end, length));
      end += piece.length;
    }
  } catch (error) {
    // The SDK calls a broken connection, an aborted call and a short body by many names.
    throw endedEarly(error);
  }
  if (end < length) throw endedEarly();
  if (end > length) throw new Error("A download with more bytes than were asked for.");
  return bytes;
};

const endedEarly = (cause?: unknown): Error =>
  Object.assign(new Error("The answer ended early.", { cause }), { code: "ERR_STREAM_PREMATURE_CLOSE" });

const types: Readonly<Record<string, string>> = {
  zip: "application/zip",
  xml: "application/xml",
  log: "text/plain; charset=utf-8",
};

export const contentType = (name: string): string =>
  types[/[^.]*$/.exec(name)?.[0] ?? ""] ?? "application/octet-stream";

export const sameMetadata = (
  one: Readonly<Record<string, string>> = {},
  other: Readonly<Record<string, string>> = {},
): boolean => inOrder(one) === inOrder(other);

const inOrder = (metadata: Readonly<Record<string, string>>): string =>
  Object.entries(metadata)
    .map(([key, value]) => `${key.toLowerCase()}=${value}`)
    .toSorted()
    .join("\n");
