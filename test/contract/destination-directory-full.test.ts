import { readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { StoreFailure } from "../../src/domain/store-failure.ts";
import { namesOf, noise, readAll, stageAll, store } from "../adapters/destination/blocks.ts";
import { describeWith } from "../support/needs.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";
import { failureOf } from "../support/failure-of.ts";

const mebibyte = 1024 * 1024;

describeWith("mount", canMount, "a directory destination on a disk that fills up", () => {
  let disk: SmallDisk;
  let folder: string;
  beforeEach(() => {
    disk = smallDisk(8);
    folder = disk.folder;
  });
  afterEach(() => disk.remove());

  const upload = { name: "night.zip", run: "run-1" };
  const pieces = Array.from({ length: 6 }, (_, at) => noise(mebibyte, `piece ${at}`));

  it("says so while blocks are staged, and gives all the room back when the run is abandoned", async () => {
    const destination = directoryDestination(folder);
    const free = statfsSync(folder).bfree;
    const failure = await failureOf(
      StoreFailure,
      stageAll(destination, upload, [
        ...pieces,
        ...pieces.map((piece) => noise(mebibyte, piece.toString("hex", 0, 8))),
      ]),
    );
    expect(failure.kind).toBe("Full");
    expect(failure.message).toMatch(/^Writing night\.zip to .* failed \(ENOSPC\): the disk is full\. Free space /);
    await destination.abandon(upload);
    expect(await namesOf(destination.list(""))).toEqual([]);
    // What stays are the empty folders `.lifeboat/uploads`.
    expect(free - statfsSync(folder).bfree).toBeLessThanOrEqual(2);
    await store(destination, "smaller.zip", pieces.slice(0, 2));
  });

  it("goes on without a gap once there is room again", async () => {
    const destination = directoryDestination(folder);
    await store(destination, "old.zip", [noise(4 * mebibyte, "old")]);
    expect((await failureOf(StoreFailure, stageAll(destination, upload, pieces))).kind).toBe("Full");
    await destination.remove("old.zip");
    const ids = await stageAll(destination, upload, pieces);
    // 6 MiB staged on 8 MiB: a commit that copied would find the disk full.
    await destination.commit(upload, ids, { commitid: "x" });
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("keeps what is staged when there is no room to bring it into order", async () => {
    const destination = directoryDestination(folder);
    const ids = await stageAll(destination, upload, pieces);
    const failure = await failureOf(StoreFailure, destination.commit(upload, ids.toReversed(), {}));
    expect(failure.kind).toBe("Full");
    expect(await namesOf(destination.list(""))).toEqual([]);
    expect(readdirSync(join(folder, ".lifeboat", "uploads")).length).toBe(1);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "night.zip")).equals(Buffer.concat(pieces))).toBe(true);
  });
});
