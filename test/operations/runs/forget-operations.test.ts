import { beforeEach, describe, expect, it } from "vitest";
import { forgetOldOperations } from "../../../src/operations/runs/forget-operations.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import {
  closedRuns,
  insertOperation,
  readKnownOperations,
  type Operation,
} from "../../../src/operations/rows/operation-rows.ts";
import { changeSite } from "../../../src/operations/rows/site-row.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
beforeEach(() => (given = memoryInstallation()));

const ended = (id: string, finished: string): Operation => ({
  id,
  kind: "restore",
  run: `restore-${id}`,
  status: "Succeeded",
  created: finished,
  finished,
});

const add = (...operations: readonly Operation[]) =>
  given.deps.catalog.write(sitePartition(shop), operations.map(insertOperation));
const left = async () => (await readKnownOperations(given.deps.catalog, shop)).map(({ operation }) => operation.id);

describe("results of operations", () => {
  it("are told for a month after the end", async () => {
    await add(ended("old", "2026-10-21T11:59:00Z"), ended("young", "2026-10-23T12:00:00Z"));
    await forgetOldOperations(given.deps, shop);
    expect(await left()).toEqual(["young"]);
  });

  it("stay where a restore was given up, for nothing else says that what it exchanged goes back", async () => {
    const failed = { ...ended("given-up", "2026-01-01T00:00:00Z"), status: "Failed" } as const;
    await add(failed, { ...failed, id: "closed", closed: true }, { ...failed, id: "verified", kind: "verify" });
    await forgetOldOperations(given.deps, shop);
    expect(await left()).toEqual(["given-up"]);
    expect((await closedRuns(given.deps.catalog, shop))(failed.run)).toBe(false);
  });

  it("are told as long as the operation runs, or can be undone", async () => {
    const { finished: _finished, ...running } = ended("running", "2026-01-01T00:00:00Z");
    await add({ ...running, status: "InProgress" }, ended("undoable", "2026-01-01T00:00:00Z"));
    await changeSite(given.deps.catalog, shop, (row) => ({
      row: { ...row, undo: { run: "r", operation: "undoable", until: "2027-01-01T00:00:00Z" } },
      result: undefined,
    }));
    await forgetOldOperations(given.deps, shop);
    expect(await left()).toEqual(["running", "undoable"]);
  });
});
