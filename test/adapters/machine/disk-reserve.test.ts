import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { diskReserve } from "../../../src/adapters/machine/disk-reserve.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

it("takes room, is kept once, and gives it back once", async () => {
  const { keep, giveUp } = diskReserve(folder.path);
  const file = join(folder.path, "reserve");
  expect(await giveUp()).toBe(false);
  await keep();
  const kept = statSync(file);
  expect(kept.size).toBe(4 * 2 ** 20);
  await keep();
  expect(statSync(file).ino).toBe(kept.ino);
  expect(await giveUp()).toBe(true);
  expect(await giveUp()).toBe(false);
});

it("says what stands against it", async () => {
  await expect(diskReserve(join(folder.path, "gone")).keep()).rejects.toThrow("ENOENT");
});
