import { expect, it } from "vitest";
import { progressProperties } from "../../src/api/wire/progress.ts";
import { readProgress } from "../../src/operations/rows/backup-rows.ts";
import { reportProgress } from "../../src/steps/progress.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

it("news of a step goes on when a clock that was ahead is put right meanwhile", async () => {
  const { deps, clock } = memoryInstallation();
  const progress = reportProgress(deps, { site: shop, run: "run-1", epoch: 1 }, "pack");
  progress.set({ phase: "Packing" });
  clock.time = new Date(clock.time.getTime() - 86_400_000);
  progress.set({ files: 5 });
  await expect.poll(async () => readProgress(deps.catalog, shop, "run-1")).toMatchObject({ files: 5 });
});

it("of a restore counts the dumps to load beside the files, and never tells more done than there is", async () => {
  const { deps } = memoryInstallation();
  const ref = { site: shop, run: "run-1", epoch: 1 };
  const parts = { stage: 900, "load-0": 2_000 };
  for (const [part, totalBytes] of Object.entries(parts)) {
    const progress = reportProgress(deps, ref, part);
    progress.set({ phase: "Loading", totalBytes, bytes: 900 });
    await progress.end();
  }
  const told = async () => progressProperties(undefined, await readProgress(deps.catalog, shop, "run-1"));
  expect(await told()).toMatchObject({ bytes: 1_800, totalBytes: 2_900, percent: 62 });
  const dump = reportProgress(deps, ref, "load-0");
  dump.set({ phase: "Loading", totalBytes: 2_000, bytes: 2_500 });
  await dump.end();
  expect(await told()).toMatchObject({ bytes: 3_400, totalBytes: 3_400, percent: 100 });
});
