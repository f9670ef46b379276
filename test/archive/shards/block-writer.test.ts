import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { blockId } from "../../../src/archive/shards/block-id.ts";
import { BlockWriter, isBlock, type Piece } from "../../../src/archive/shards/block-writer.ts";
import { lines, noise } from "../../support/contents.ts";

const upload = { name: "a.zip", run: "run-1" };
const writerOf = (destination = memoryDestination()): BlockWriter =>
  new BlockWriter({ destination, upload, shard: 5, blockBytes: 1000 });
const idsOf = (pieces: readonly Piece[]): readonly string[] => pieces.filter(isBlock).map(({ block }) => block);
const origin = { name: "before.zip", etag: "etag-1" };

describe("blocks", () => {
  it("are full but for the last, and named by shard, position and content", async () => {
    const writer = writerOf();
    const content = noise(2500);
    for (let at = 0; at < content.length; at += 300) await writer.write(content.subarray(at, at + 300));
    const pieces = await writer.finish();
    expect(pieces.filter(isBlock).map(({ length }) => length)).toEqual([1000, 1000, 500]);
    const parts = [content.subarray(0, 1000), content.subarray(1000, 2000), content.subarray(2000)];
    expect(idsOf(pieces)).toEqual(parts.map((part, position) => blockId(5, position, part)));
  });

  it("of copied bytes alone are named by where these come from, however they came in pieces", async () => {
    const content = noise(1500);
    const named = async (cuts: readonly number[], from: typeof origin, offset: number): Promise<readonly string[]> => {
      const writer = writerOf();
      let before = 0;
      for (const cut of [...cuts, content.length]) {
        await writer.write(content.subarray(before, cut), { ...from, offset: offset + before });
        before = cut;
      }
      return idsOf(await writer.finish());
    };
    const expected = await named([], origin, 70);
    expect(await named([10, 999, 1001], origin, 70)).toEqual(expected);
    expect(expected).not.toEqual([blockId(5, 0, content.subarray(0, 1000)), blockId(5, 1, content.subarray(1000))]);
    for (const other of [await named([], origin, 71), await named([], { ...origin, etag: "etag-2" }, 70)])
      for (const id of other) expect(expected).not.toContain(id);
  });

  it("with anything else among copied bytes are named by their content", async () => {
    const writer = writerOf();
    const [copied, made] = [noise(400), lines(400)];
    await writer.write(copied, { ...origin, offset: 0 });
    await writer.write(made);
    await writer.write(copied, { ...origin, offset: 400 });
    await writer.write(copied, { ...origin, offset: 800 });
    const [first, second] = idsOf(await writer.finish());
    const all = Buffer.concat([copied, made, copied, copied]);
    expect(first).toBe(blockId(5, 0, all.subarray(0, 1000)));
    expect(second).not.toBe(blockId(5, 1, all.subarray(1000)));
  });

  it("skip what lies between copied ranges: a gap is not a range", async () => {
    const bytes = noise(100);
    const ids = await Promise.all(
      [100, 150].map(async (offset) => {
        const writer = writerOf();
        await writer.write(bytes, { ...origin, offset: 0 });
        await writer.write(bytes, { ...origin, offset });
        return idsOf(await writer.finish());
      }),
    );
    expect(ids[0]).not.toEqual(ids[1]);
  });

  it("tell of a block that could not be staged, at the latest in the end", async () => {
    const destination = memoryDestination({
      before: ({ method }) => {
        if (method === "stage") throw new Error("the network is down");
      },
    });
    const writer = writerOf(destination);
    await writer.write(noise(100));
    await expect(writer.finish()).rejects.toThrow("the network is down");
  });

  it("taken back are not among the pieces", async () => {
    const writer = writerOf();
    await writer.write(noise(300));
    const mark = await writer.mark();
    await writer.write(lines(3000));
    await writer.rollBack(mark);
    await writer.write(noise(200));
    expect(writer.length).toBe(500);
    expect((await writer.finish()).filter(isBlock).map(({ length }) => length)).toEqual([300, 200]);
  });
});
