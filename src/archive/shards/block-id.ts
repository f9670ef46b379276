import { hash } from "node:crypto";
import type { BlockId } from "../../ports/destination.ts";

/** The shard number of the central directory's blocks. */
export const directoryShard = 0xffff_ffff;

/** 4 bytes of shard, 4 of position in it, 16 of the content's hash: always 32 characters. */
export const blockId = (shard: number, position: number, content: Uint8Array): BlockId => {
  const id = Buffer.alloc(24);
  id.writeUInt32BE(shard, 0);
  id.writeUInt32BE(position, 4);
  hash("sha256", content, "buffer").copy(id, 8, 0, 16);
  // The cast is safe: exactly the form the brand stands for.
  return id.toString("base64") as BlockId;
};
