import { expect, it, vi } from "vitest";
import { readProgress } from "../../src/operations/rows/backup-rows.ts";
import { reportProgress } from "../../src/steps/progress.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

it("news of a step goes on when a clock that was ahead is put right meanwhile", async () => {
  const { deps, clock } = memoryInstallation();
  const progress = reportProgress(deps, { site: shop, run: "run-1", epoch: 1 }, "pack");
  progress.set({ phase: "Packing" });
  clock.time = new Date(clock.time.getTime() - 86_400_000);
  progress.set({ files: 5 });
  await vi.waitFor(async () => expect(await readProgress(deps.catalog, shop, "run-1")).toMatchObject({ files: 5 }));
});
