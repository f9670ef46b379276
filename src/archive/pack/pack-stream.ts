import type { BytePath } from "../../domain/byte-path.ts";
import type { Destination, Upload } from "../../ports/destination.ts";
import { sliceBytes } from "../content/content-hash.ts";
import type { EntryMeta } from "../listing/entry-row.ts";
import { LargeEntryWriter } from "./large-entry-writer.ts";
import { OrderedWindow } from "../ordered-window.ts";
import type { PackRunner } from "../threads/pack-runner.ts";
import { heldBytesFor } from "./pack-shard.ts";
import type { ShardIndex } from "../shards/shard-index.ts";
import { ShardWriter } from "../shards/shard-writer.ts";
import { SpareMemory } from "./spare-memory.ts";

interface StreamWork {
  readonly upload: Upload;
  /** Of no other shard of this archive. */
  readonly number: number;
  readonly blockBytes: number;
  /** As it shall stand in the root of the archive; without "/". */
  readonly name: BytePath;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly mtimeNs: bigint;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly sizeBytes: number }) => void;
}

/**
 * Packs a stream as one entry, as it comes, and as a shard of its own: for dumps of databases. Whatever the stream
 * throws is thrown; what was staged by then is never named.
 */
export const packStream = async (
  { destination, runner }: { readonly destination: Destination; readonly runner: PackRunner },
  work: StreamWork,
): Promise<ShardIndex> => {
  const { upload, number: shard, blockBytes, signal } = work;
  const writer = new ShardWriter({ destination, upload, shard, blockBytes, signal });
  const spare = new SpareMemory(runner.threads + 1);
  const entry = new LargeEntryWriter(writer, { heldBytes: heldBytesFor(blockBytes), begins: true, spare });
  const window = new OrderedWindow(runner.threads + 1);
  const meta = streamMeta(work);
  try {
    for await (const content of slicesOf(work.stream)) {
      signal?.throwIfAborted();
      await window.add(
        () => runner.run("packSlice", { level: runner.level, from: { content }, ...spare.take() }, signal),
        async ({ slice }) => {
          if (slice === undefined) throw new Error("A slice whose content was given has not been packed.");
          await entry.add(slice, { meta, sizeBytes: entry.sums.sizeBytes });
          work.onProgress?.({ sizeBytes: entry.sums.sizeBytes });
        },
      );
    }
    await window.finish();
    await entry.finish(meta, false);
    return await writer.finish();
  } catch (error) {
    await writer.blocks.settle();
    throw error;
  } finally {
    spare.free();
  }
};

const streamMeta = ({ name, mtimeNs }: StreamWork): EntryMeta => {
  if (name === "" || name.includes("/")) throw new Error(`A stream cannot be packed as "${name}".`);
  return {
    name,
    kind: "file",
    mode: 0o600,
    uid: undefined,
    gid: undefined,
    mtimeNs,
    ctimeNs: undefined,
    inode: undefined,
    mayHaveChanged: false,
  };
};

/** The stream in slices of full length but the last, each in a buffer of its own; at least one. */
const slicesOf = async function* (stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer<ArrayBuffer>> {
  let slice = Buffer.allocUnsafeSlow(sliceBytes);
  let filled = 0;
  let count = 0;
  for await (const piece of stream)
    for (let at = 0; at < piece.length;) {
      if (filled === sliceBytes) {
        yield slice;
        count++;
        slice = Buffer.allocUnsafeSlow(sliceBytes);
        filled = 0;
      }
      const part = piece.subarray(at, at + sliceBytes - filled);
      slice.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  if (filled > 0 || count === 0) yield slice.subarray(0, filled);
};
