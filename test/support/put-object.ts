import { blockId } from "../../src/archive/shards/block-id.ts";
import type { Destination } from "../../src/ports/destination.ts";

/** Writes a whole object; what had the name is gone. */
export const putObject = async (
  destination: Destination,
  name: string,
  content: Uint8Array,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> => {
  await destination.remove(name);
  const upload = { name, run: "test" };
  const block = blockId(0, 0, content);
  await destination.stage(upload, block, content);
  await destination.commit(upload, [block], metadata);
};
