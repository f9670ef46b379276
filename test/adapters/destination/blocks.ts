import { createCipheriv, createHash } from "node:crypto";
import type { BlockId, Destination, StoredObject, Upload } from "../../../src/ports/destination.ts";

/** A block id as the engine makes them: 4 bytes shard, 4 position, 16 of the content's hash. */
export const blockId = (position: number, bytes: Uint8Array, shard = 0): BlockId => {
  const id = Buffer.alloc(24);
  id.writeUInt32BE(shard, 0);
  id.writeUInt32BE(position, 4);
  createHash("sha256").update(bytes).digest().copy(id, 8, 0, 16);
  return id.toString("base64") as BlockId; // 24 bytes, by construction
};

/** The same bytes for the same seed, different for another, not compressible. */
export const noise = (length: number, seed: string): Buffer =>
  createCipheriv("aes-256-ctr", createHash("sha256").update(seed).digest(), Buffer.alloc(16)).update(
    Buffer.alloc(length),
  );

/** Stages the pieces in order and answers their ids. */
export const stageAll = async (
  destination: Destination,
  upload: Upload,
  pieces: readonly Uint8Array[],
): Promise<BlockId[]> => {
  const ids: BlockId[] = [];
  for (const [position, bytes] of pieces.entries()) {
    const id = blockId(position, bytes);
    await destination.stage(upload, id, bytes);
    ids.push(id);
  }
  return ids;
};

/** Writes a whole object in one go. */
export const store = async (
  destination: Destination,
  name: string,
  pieces: readonly Uint8Array[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<StoredObject> => {
  const upload = { name, run: "run-store" };
  return destination.commit(upload, await stageAll(destination, upload, pieces), metadata);
};

export const readAll = async (destination: Destination, name: string): Promise<Buffer> => {
  const object = await destination.head(name);
  if (object === undefined) throw new Error(`${name} is not there.`);
  return Buffer.from(await destination.read(name, { offset: 0, length: object.sizeBytes }, { ifMatch: object.etag }));
};

export const namesOf = async (objects: AsyncIterable<StoredObject>): Promise<string[]> => {
  const names: string[] = [];
  for await (const object of objects) names.push(object.name);
  return names;
};

/** Says where two contents differ, and does not print megabytes. */
export const firstDifference = (one: Uint8Array, other: Uint8Array): string => {
  if (Buffer.compare(one, other) === 0) return "none";
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return `at byte ${at}`;
  return `${one.length} bytes, not ${other.length}`;
};
