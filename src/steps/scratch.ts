import { createHash } from "node:crypto";
import { blockId } from "../archive/shards/block-id.ts";
import { isStoreFailure } from "../domain/store-failure.ts";
import type { BlockId, Destination } from "../ports/destination.ts";
import type { ScratchName } from "../workflows/contract.ts";

/** A run's work storage: write-once, named by content, so that a late first attempt of a step can overwrite nothing. */
export interface Scratch {
  put(bytes: Uint8Array): Promise<ScratchName>;
  get(name: ScratchName): Promise<Uint8Array>;
  putJson(value: unknown): Promise<ScratchName>;
  getJson(name: ScratchName): Promise<unknown>;
  /** Everything of this run. */
  clear(): Promise<void>;
}

/** Somebody took them away: whoever made room on a full disk and was killed before the run could say so, or a person. */
export class WorkFilesGone extends Error {
  constructor(name: ScratchName) {
    super(`The work file ${name} is gone. Look whether the disk of the work storage is full; then start anew.`);
    this.name = "WorkFilesGone";
  }
}

export const scratchOf = (destination: Destination, run: string): Scratch => {
  const prefix = `runs/${run}/`;
  const put = async (bytes: Uint8Array): Promise<ScratchName> => {
    const name = `${prefix}${createHash("sha256").update(bytes).digest("hex")}`;
    if (!(await destination.head(name))) await write(destination, name, { run, bytes });
    return name;
  };
  const get = async (name: ScratchName): Promise<Uint8Array> => {
    const stored = await destination.head(name);
    if (stored === undefined) throw new WorkFilesGone(name);
    const bytes = await destination.read(name, { offset: 0, length: stored.sizeBytes }, { ifMatch: stored.etag });
    if (!name.endsWith(createHash("sha256").update(bytes).digest("hex")))
      throw new Error(`The scratch object ${name} is damaged.`);
    return bytes;
  };
  return {
    put,
    get,
    putJson: (value) => put(Buffer.from(JSON.stringify(value))),
    // Safe to hand on as unknown; whoever wrote it in this version parses it.
    getJson: async (name) => JSON.parse(Buffer.from(await get(name)).toString("utf8")) as unknown,
    async clear() {
      for await (const object of destination.list(prefix)) await destination.remove(object.name);
      await destination.abandonRun(run);
    },
  };
};

interface Content {
  readonly run: string;
  readonly bytes: Uint8Array;
}

const pieceBytes = 64 * 2 ** 20;

/** Writes one whole object. Taken already means the same content is there: the name is its hash. */
const write = async (destination: Destination, name: string, { run, bytes }: Content): Promise<void> => {
  const upload = { name, run };
  const blocks: BlockId[] = [];
  for (let offset = 0, position = 0; offset < bytes.length; offset += pieceBytes, position++) {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    const block = blockId(0, position, piece);
    await destination.stage(upload, block, piece);
    blocks.push(block);
  }
  try {
    await destination.commit(upload, blocks, {});
  } catch (error) {
    await destination.abandon(upload);
    if (!isStoreFailure(error, "AlreadyExists")) throw error;
  }
};
