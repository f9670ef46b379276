import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { isStoreFailure, StoreFailure } from "../../src/domain/store-failure.ts";
import type { BlockId, Destination } from "../../src/ports/destination.ts";
import { blockId, namesOf, noise, readAll } from "../adapters/destination/blocks.ts";
import { crashAt, failOnce, faultyDisk, type Fault } from "../adapters/destination/faulty-disk.ts";
import { temporaryFolders } from "../adapters/destination/temporary-folder.ts";

const folder = temporaryFolders();

const upload = { name: "sites/shop/night.zip", run: "run-1" };
const metadata = { commitid: "this-run" };
const pieces = ["a", "b", "c"].map((seed, at) => noise(5000 + at, seed));
const ids = pieces.map((bytes, at) => blockId(at, bytes));

interface Story {
  /** In which order the blocks are staged; another one than 0, 1, 2 has the commit copy. */
  readonly order: readonly number[];
  /** Zeros are staged in this one's stead before the last. */
  readonly late?: number;
}

/** What one process does; notes how far it came. */
const backUp = async (destination: Destination, { order, late }: Story, reached: string[]): Promise<void> => {
  for (const at of order) {
    const gap = late === undefined || at !== order.length - 1 ? undefined : Buffer.alloc(pieceAt(late).length);
    if (gap) await destination.stage(upload, blockId(98, gap), gap);
    await destination.stage(upload, idAt(at), pieceAt(at));
  }
  await destination.settle(upload);
  reached.push("settled");
  await destination.commit(upload, ids, metadata);
  reached.push("committed");
};

const idAt = (at: number): BlockId => ids[at] ?? blockId(99, Buffer.from("none"));
const pieceAt = (at: number): Buffer => pieces[at] ?? Buffer.alloc(0);

/** What the next process does: commit; what is missing is staged again; taken must mean "by us". */
const finish = async (destination: Destination, story: Story): Promise<"committed" | "restaged" | "was done"> => {
  try {
    await destination.commit(upload, ids, metadata);
    return "committed";
  } catch (error) {
    if (isStoreFailure(error, "AlreadyExists")) return "was done";
    if (!isStoreFailure(error, "BlockMissing")) throw error;
    await backUp(destination, story, []);
    return "restaged";
  }
};

const expectWhole = async (destination: Destination): Promise<void> => {
  expect((await readAll(destination, upload.name)).equals(Buffer.concat(pieces))).toBe(true);
  expect((await destination.head(upload.name))?.metadata).toEqual(metadata);
  expect(await namesOf(destination.list(""))).toEqual([upload.name]);
};

const countOperations = async (story: Story): Promise<number> => {
  const counted = faultyDisk(() => ({}));
  await backUp(directoryDestination(folder(), { disk: counted.disk }), story, []);
  return counted.operations();
};

const stories: readonly (readonly [string, Story])[] = [
  ["blocks staged in order", { order: [0, 1, 2] }],
  ["blocks staged in another order", { order: [2, 0, 1] }],
  ["a block staged late, into the gap left for it", { order: [0, 2, 1], late: 1 }],
];

describe.each(stories)("a directory destination with %s", (_, story) => {
  it.each([
    ["before", false],
    ["after", true],
  ])("survives a crash %s any operation of the disk", async (__, late) => {
    const outcomes = new Set<string>();
    const total = await countOperations(story);
    expect(total).toBeGreaterThan(20);
    for (let at = 1; at <= total; at++) {
      const root = folder();
      const reached: string[] = [];
      const { disk, closeAll } = faultyDisk(crashAt(at, late));
      await backUp(directoryDestination(root, { disk }), story, reached).catch(() => undefined);
      await closeAll();
      const next = directoryDestination(root);
      if ((await next.head(upload.name)) !== undefined) await expectWhole(next);
      else expect(reached).not.toContain("committed");
      const outcome = await finish(next, story);
      if (reached.includes("settled")) expect(outcome).not.toBe("restaged");
      outcomes.add(outcome);
      await expectWhole(next);
      await next.abandon(upload);
      expect(readdirSync(join(root, ".lifeboat", "uploads"))).toEqual([]);
    }
    expect([...outcomes].toSorted()).toEqual(["committed", "restaged", "was done"]);
  });

  it.each(["ENOSPC", "EIO", "EACCES"])("reports any operation's %s, and goes on when it has passed", async (code) => {
    const kind = { ENOSPC: "Full", EIO: "Unavailable", EACCES: "AccessDenied" }[code];
    const total = await countOperations(story);
    for (let at = 1; at <= total; at++) {
      const root = folder();
      const destination = directoryDestination(root, { disk: faultyDisk(failOnce(at, code)).disk });
      await backUp(destination, story, []).catch((error: unknown) => {
        if (!(error instanceof StoreFailure)) throw error;
        expect(error).toMatchObject({ kind });
        expect(error.message).toContain(upload.name);
      });
      await finish(destination, story);
      await expectWhole(destination);
      await destination.abandon(upload);
      expect(readdirSync(join(root, ".lifeboat", "uploads"))).toEqual([]);
    }
  });
});

describe("a directory destination's removal", () => {
  it("leaves all or nothing at a crash between any two operations", async () => {
    const removeAfter = async (root: string, fault: Fault): Promise<number> => {
      const whole = directoryDestination(root);
      await backUp(whole, { order: [0, 1, 2] }, []);
      const { disk, operations, closeAll } = faultyDisk(fault);
      await directoryDestination(root, { disk })
        .remove(upload.name)
        .catch(() => undefined);
      await closeAll();
      return operations();
    };
    const total = await removeAfter(folder(), () => ({}));
    for (const late of [false, true])
      for (let at = 1; at <= total; at++) {
        const root = folder();
        await removeAfter(root, crashAt(at, late));
        const next = directoryDestination(root);
        if ((await next.head(upload.name)) !== undefined) await expectWhole(next);
        await next.remove(upload.name);
        expect(await namesOf(next.list(""))).toEqual([]);
        await backUp(next, { order: [0, 1, 2] }, []);
        await expectWhole(next);
      }
  });
});
