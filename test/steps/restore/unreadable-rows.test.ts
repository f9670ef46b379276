import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forgetOldOperations } from "../../../src/operations/runs/forget-operations.ts";
import { backupKey, operationKey, sitePartition } from "../../../src/operations/rows/keys.ts";
import { changeSite, withoutUndo } from "../../../src/operations/rows/site-row.ts";
import { checkInstallation } from "../../../src/operations/checks/check-installation.ts";
import { buildTree, treeOf, treeText } from "../../support/file-tree.ts";
import { shop } from "../../support/installation.ts";
import { restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
beforeEach(() => {
  world = restoreWorld();
  buildTree(world.home, treeOf({ "site/wwwroot/index.html": { content: "first" } }));
});
afterEach(() => world.remove());

/** As another version may have written it, or a disk left it. */
const damage = async (key: string): Promise<void> => {
  await world.deps.catalog.write(sitePartition(shop), [{ kind: "put", key, value: { id: 1, status: "Shelved" } }]);
};

/** Answers the operation of a restore that changed something; the site is as `first` again. */
const restored = async () => {
  const backup = await world.backUp();
  buildTree(world.home, treeOf({ "site/wwwroot/index.html": { content: "second" } }));
  return world.run(await world.ask(backup));
};

describe("a row of the past that cannot be read", () => {
  it("keeps the next backup from nothing, be it of an operation or of a backup, and the doctor names both", async () => {
    const operation = await restored();
    const old = await world.backUp();
    await damage(operationKey(operation.id));
    await damage(backupKey(old.id));
    expect(await world.tryBackUp()).toMatchObject({ status: "Succeeded", files: 1 });
    const rows = (await checkInstallation(world.deps)).find(({ name }) => name === "rows");
    expect(rows).toMatchObject({ state: "problem", message: expect.stringContaining(operationKey(operation.id)) });
    expect(rows?.message).toContain(backupKey(old.id));
  });

  it("keeps the next restore and its undo from nothing, as long as it tells how its run ended", async () => {
    const { steps: _, ...operation } = await restored();
    const value = { ...operation, kind: "rehearsal" };
    await world.deps.catalog.write(sitePartition(shop), [{ kind: "put", key: operationKey(operation.id), value }]);
    buildTree(world.home, treeOf({ "site/wwwroot/index.html": { content: "third" } }));
    const backup = await world.backUp();
    buildTree(world.home, treeOf({ "site/wwwroot/index.html": { content: "fourth" } }));
    const before = treeText(world.tree());
    expect(await world.run(await world.ask(backup))).toMatchObject({ status: "Succeeded" });
    expect(treeText(world.tree())).not.toBe(before);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(treeText(world.tree())).toBe(before);
    expect(await world.tryBackUp()).toMatchObject({ status: "Succeeded" });
  });

  it("is not guessed about while what its run exchanged lies beside the site: that stays, and the backup says why", async () => {
    const operation = await restored();
    await changeSite(world.deps.catalog, shop, (row) => ({ row: withoutUndo(row), result: undefined }));
    await damage(operationKey(operation.id));
    const [before, areas] = [treeText(world.tree()), world.areas()];
    const backup = await world.tryBackUp();
    expect(backup).toMatchObject({ status: "Failed", log: expect.stringContaining(operation.run) });
    expect(backup.log).toContain("lifeboat doctor names it");
    expect([treeText(world.tree()), world.areas()]).toEqual([before, areas]);
    const { steps: _, ...value } = operation;
    await world.deps.catalog.write(sitePartition(shop), [{ kind: "put", key: operationKey(operation.id), value }]);
    expect(await world.tryBackUp()).toMatchObject({ status: "Succeeded" });
    expect(treeText(world.tree())).toBe(before);
  });

  it("stays when old operations are forgotten", async () => {
    const operation = await restored();
    await damage(operationKey(operation.id));
    await forgetOldOperations(world.deps, shop);
    expect(await world.deps.catalog.get(sitePartition(shop), operationKey(operation.id))).toBeDefined();
  });
});
