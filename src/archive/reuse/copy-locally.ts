import type { LocalFiles, LocalObject, LocalRoom } from "../../ports/destination.ts";
import { BlockWriter } from "../shards/block-writer.ts";
import type { CopiedEntries, CopyWork } from "./copy-entries.ts";
import { CopyStretches, type CopyPart } from "./copy-stretches.ts";
import { CopyRows } from "./copy-rows.ts";
import type { PackDependencies } from "../pack/pack-shard.ts";

/** Both the previous archive and the new one are files of this machine. */
interface LocalCopy {
  readonly local: LocalFiles;
  readonly source: LocalObject;
}

/** Blocks on their way for each thread: the next one lies ready. */
const partsAhead = 2;

/**
 * Copies entries from file to file in threads, every header compared and every byte with its checksum. Undefined when
 * anything in the source is not as it should be: then nothing that was written is named, and whoever copies entry by
 * entry finds out what it is.
 */
export const copyLocally = async (
  { destination, runner }: Pick<PackDependencies, "destination" | "runner">,
  work: CopyWork,
  { local, source }: LocalCopy,
): Promise<CopiedEntries | undefined> => {
  const { previous, shard, upload, blockBytes, signal, onProgress } = work;
  const { directory } = previous.archive;
  const ahead = runner.threads * partsAhead;
  const writer = new BlockWriter({ destination, upload, shard: shard.number, blockBytes, ahead, signal });
  const stretches = new CopyStretches(directory, shard);
  const rows = new CopyRows(shard, directory);
  const done = { entries: 0, sizeBytes: 0 };

  const write = async (part: CopyPart, room: LocalRoom): Promise<number> => {
    // Without the signal: as long as a thread may write there, the room is not free.
    const result = await runner.run("copy", { source, room, ...part.job });
    if ("crc" in result) {
      stretches.setCrcs(part, result);
      return result.crc;
    }
    if (result.bad === "source") throw new SourceDiffers();
    throw Object.assign(new Error(result.message), { code: result.code });
  };

  try {
    for (const part of stretches.parts(blockBytes)) {
      signal?.throwIfAborted();
      for (const { place, at } of part.begun) {
        rows.add(place, writer.length + at);
        done.entries++;
        done.sizeBytes += directory.sizeBytes(place);
      }
      const ranges = part.ranges.map((range) => ({ ...previous.object, ...range }));
      await writer.copyBy(ranges, (block, length) => local.stage(upload, block, length, (room) => write(part, room)));
      onProgress?.({ ...done });
    }
    const pieces = await writer.finish();
    if (!stretches.areWhole()) return undefined;
    const index = { shard: shard.number, pieces, runs: rows.finish(), parts: [], ...done, leftOut: [], changed: [] };
    return { index, damaged: [] };
  } catch (error) {
    await writer.settle();
    if (error instanceof SourceDiffers) return undefined;
    throw error;
  }
};

class SourceDiffers extends Error {}
