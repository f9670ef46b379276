import { expect, it } from "vitest";
import { tidy } from "../../../src/operations/sweeps/tidy.ts";
import { memoryInstallation } from "../../support/installation.ts";

it("does each part whatever became of the others, and says in the end what failed", async () => {
  const done: string[] = [];
  const work = tidy({
    first: () => Promise.reject(new Error("the disk is full")),
    second: async () => void done.push("second"),
  });
  await expect(work(memoryInstallation().call)).rejects.toThrow("Housekeeping failed: first: the disk is full");
  expect(done).toEqual(["second"]);
});
