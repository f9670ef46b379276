import { beforeEach, describe, expect, it } from "vitest";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { readBackup, readProgress, writeProgress } from "../../../src/operations/rows/backup-rows.ts";
import { signsOfLife, writeBeat } from "../../../src/operations/rows/step-rows.ts";
import { watchRuns } from "../../../src/operations/sweeps/watch-runs.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
let run: string;
let look: () => Promise<void>;
beforeEach(async () => {
  given = memoryInstallation();
  run = (await createBackup(given.deps)(given.call, shop, {})).backup.run ?? "";
  const watch = watchRuns(given.deps, { isAlone: false });
  look = () => watch(given.call);
});

const beat = (value: number, attempt = "one") =>
  writeBeat(given.deps.catalog, { site: shop, run, attempt }, { beat: value });
const passes = (seconds: number): void => {
  given.clock.time = new Date(given.clock.time.getTime() + seconds * 1_000);
};
/** Looks every 20 seconds. */
const looksFor = async (minutes: number): Promise<void> => {
  for (let look20 = 0; look20 < minutes * 3; look20++) {
    await look();
    passes(20);
  }
};

describe("a run", () => {
  it("is dead when nothing was heard of its step for 15 minutes, and is ended then", async () => {
    await beat(1);
    await looksFor(15);
    expect(given.ended).toEqual([]);
    await look();
    expect(given.ended).toEqual([run]);
    expect(await signsOfLife(given.deps.catalog, shop, run)).toBeUndefined();
  });

  it("lives as long as its number moves, or its progress", async () => {
    for (let minute = 0; minute < 40; minute++) {
      await beat(minute < 20 ? minute : 20);
      if (minute >= 20) {
        const { beat: beats = 0, ...rest } = (await readProgress(given.deps.catalog, shop, run)) ?? {
          phase: "Packing",
          files: 0,
          bytes: 0,
          totalFiles: 0,
          totalBytes: 0,
          updated: "",
        };
        await writeProgress(given.deps.catalog, shop, { run, part: "one" }, { ...rest, beat: beats + 1 });
      }
      await looksFor(1);
    }
    expect(given.ended).toEqual([]);
  });

  it("that waits for its turn is not dead, however long it waits", async () => {
    await looksFor(24 * 60);
    expect(given.ended).toEqual([]);
  });

  it("is not dead because the machine slept, or its clock was put ahead", async () => {
    await beat(1);
    for (let night = 0; night < 10; night++) {
      await look();
      passes(8 * 3_600);
    }
    expect(given.ended).toEqual([]);
  });

  it("is watched anew by a process that has just started", async () => {
    await beat(1);
    await looksFor(14);
    const other = watchRuns(given.deps, { isAlone: false });
    await other(given.call);
    passes(120);
    await other(given.call);
    expect(given.ended).toEqual([]);
    expect((await readBackup(given.deps.catalog, shop, 1))?.backup.status).toBe("Created");
  });

  it("that waits for its turn in a process that is alone is not dead by what the process before it left", async () => {
    await beat(7, "killed");
    const alone = watchRuns(given.deps, { isAlone: true });
    for (let look20 = 0; look20 < 3 * 60; look20++) {
      await alone(given.call);
      passes(20);
    }
    expect(given.ended).toEqual([]);
    await beat(1, "new");
    for (let look20 = 0; look20 < 3 * 16; look20++) {
      await alone(given.call);
      passes(20);
    }
    expect(given.ended).toEqual([run]);
  });
});
