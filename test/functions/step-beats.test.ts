import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StepBodies } from "../../src/functions/durable.ts";
import { withBeats } from "../../src/functions/step-beats.ts";
import { StoreFailure } from "../../src/domain/store-failure.ts";
import { signsOfLife } from "../../src/operations/rows/step-rows.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const given = memoryInstallation();
const ref = { site: shop, run: "backup-1", epoch: 1, backup: 1 };
const signs = () => signsOfLife(given.deps.catalog, shop, "backup-1");

const stepsWith = (removeBackup: StepBodies["removeBackup"]): StepBodies =>
  // Safe: the test asks for no other step.
  ({ removeBackup }) as StepBodies;

it("a step tells that it lives once a minute while it is executed, and that it is over however it ends", async () => {
  const seen: unknown[] = [];
  const steps = withBeats(
    given.deps,
    stepsWith(async () => {
      for (let minute = 0; minute < 3; minute++) {
        await Promise.resolve();
        seen.push(await signs());
        await vi.advanceTimersByTimeAsync(60_000);
      }
      throw new Error("it failed");
    }),
  );
  await expect(steps.removeBackup(ref, given.call)).rejects.toThrow("it failed");
  expect(new Set(seen).size).toBe(3);
  expect(seen).not.toContain(undefined);
  expect(await signs()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(await signs()).toBeUndefined();
});

it("a store that takes no news is no reason for a step to fail", async () => {
  const catalog = {
    ...given.deps.catalog,
    writeNews: () => Promise.reject(new StoreFailure("Unavailable", "gone")),
    write: () => Promise.reject(new StoreFailure("Unavailable", "gone")),
  };
  const steps = withBeats(
    { catalog },
    stepsWith(async () => ({ ok: true })),
  );
  expect(await steps.removeBackup(ref, given.call)).toEqual({ ok: true });
});
