import { beforeEach, describe, expect, it } from "vitest";
import { blockId } from "../../src/archive/shards/block-id.ts";
import { zipName } from "../../src/domain/backup.ts";
import { createBackup } from "../../src/operations/backups/create-backup.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import { backingUp } from "../../src/steps/backup/backing-up.ts";
import { scratchOf } from "../../src/steps/scratch.ts";
import { watchRoom } from "../../src/steps/watch-room.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { putObject } from "../support/put-object.ts";

const folder = "file:///backups/shop";
let world: ReturnType<typeof memoryInstallation>;
let deps: typeof world.deps;
let free: number;
let reserve: boolean;
let look: () => Promise<void>;
beforeEach(() => {
  world = memoryInstallation();
  free = 0;
  reserve = false;
  const catalogRoom = async () => ({ folder: "/data", freeBytes: free, totalBytes: 1e9 });
  deps = {
    ...world.deps,
    machine: {
      ...world.deps.machine,
      catalogRoom,
      roomOf: catalogRoom,
      keepReserve: async () => void (reserve = true),
      giveUpReserve: async () => {
        const had = reserve;
        reserve = false;
        return had;
      },
    },
  };
  const watch = watchRoom(deps);
  look = () => watch(world.call);
});

/** A backup whose run has staged something and waits for its next step. */
const waiting = async () => {
  const { backup } = await createBackup(deps)(world.call, shop, {});
  const run = backup.run ?? "";
  const destination = world.container(folder);
  const upload = { name: zipName(backup.blobBase), run };
  const bytes = Buffer.from("staged");
  const block = blockId(0, 0, bytes);
  await destination.stage(upload, block, bytes);
  const { epoch } = await readSiteRow(deps.catalog, shop);
  const ref = { site: shop, run, epoch, backup: backup.id };
  const isStaged = async (): Promise<boolean> =>
    destination.commit(upload, [block], {}).then(
      () => true,
      () => false,
    );
  return { ref, upload, destination, isStaged };
};

describe("a disk so full that no run can go on", () => {
  it("has its runs given up at the second look: what they staged goes, and their next step says why", async () => {
    const { ref, isStaged } = await waiting();
    await look();
    expect(deps.runsAtWork.whyGivenUp(ref.run)).toBeUndefined();
    await look();
    expect(await isStaged()).toBe(false);
    expect(await backingUp(deps, ref, () => Promise.reject(new Error("It was begun.")))).toMatchObject({
      ok: false,
      message: expect.stringMatching(
        /^Lifeboat could not write .* is not visible, .*\. The disk of \/data has 0 B free/,
      ),
    });
  });

  it("costs the reserve first, which is kept again once there is plenty of room", async () => {
    const { ref } = await waiting();
    for (const [freeBytes, isKept] of [
      [1e8, true],
      [1e6, true],
      [0, false],
      [4e6, false],
      [1e8, true],
    ] as const) {
      free = freeBytes;
      await look();
      expect(reserve, `${freeBytes} bytes free`).toBe(isKept);
    }
    free = 0;
    await look();
    expect(deps.runsAtWork.whyGivenUp(ref.run)).toBeUndefined();
    await look();
    expect(deps.runsAtWork.whyGivenUp(ref.run)).toBeDefined();
  });

  it("is left alone when there is room again by then, or there was some in between", async () => {
    const { isStaged, ref } = await waiting();
    for (const freeBytes of [0, 1e6, 0]) {
      free = freeBytes;
      await look();
    }
    expect(deps.runsAtWork.whyGivenUp(ref.run)).toBeUndefined();
    expect(await isStaged()).toBe(true);
  });

  it("takes nothing away under a step that is executed", async () => {
    const { ref, isStaged } = await waiting();
    await backingUp(deps, ref, async () => {
      await look();
      await look();
      return { ok: true };
    });
    expect(await isStaged()).toBe(true);
  });

  it("takes nothing from a backup whose archive is whole: it waits for the little that it lacks", async () => {
    const { ref, upload, destination } = await waiting();
    await putObject(destination, upload.name, Buffer.from("the archive"), { run: ref.run });
    await look();
    await look();
    expect(deps.runsAtWork.whyGivenUp(ref.run)).toBeUndefined();
    expect(await destination.head(upload.name)).toBeDefined();
  });
});

describe("a step of a backup whose work files are gone", () => {
  it("fails at once and says so, for trying again brings none back", async () => {
    const { ref } = await waiting();
    const scratch = scratchOf(await deps.scratch(), ref.run);
    const name = await scratch.putJson({});
    await scratch.clear();
    expect(
      await backingUp(deps, ref, async () => {
        await scratch.getJson(name);
        return { ok: true };
      }),
    ).toMatchObject({ ok: false, message: expect.stringMatching(/^The work file runs\/.* is gone\. Look whether/) });
  });
});
