import { blockId } from "../../src/archive/shards/block-id.ts";
import type { Destination } from "../../src/ports/destination.ts";

/** Writes an object anew with other bytes: a disk that rots, or somebody who edits. */
export const replaceObject = async (
  destination: Destination,
  name: string,
  change: (bytes: Buffer) => Buffer,
): Promise<void> => {
  const object = await destination.head(name);
  if (object === undefined) throw new Error(`There is no ${name}.`);
  const bytes = change(Buffer.from(await destination.read(name, { offset: 0, length: object.sizeBytes })));
  await destination.remove(name);
  const upload = { name, run: "somebody-else" };
  const block = blockId(0, 0, bytes);
  await destination.stage(upload, block, bytes);
  await destination.commit(upload, [block], object.metadata);
};

export const flipBit = (at: number) => (bytes: Buffer) => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};
