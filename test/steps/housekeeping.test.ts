import { beforeEach, describe, expect, it } from "vitest";
import { blockId } from "../../src/archive/shards/block-id.ts";
import { createBackup } from "../../src/operations/backups/create-backup.ts";
import { deleteBackup } from "../../src/operations/backups/delete-backup.ts";
import { afterBackup } from "../../src/operations/sweeps/after-backup.ts";
import { endRunLate } from "../../src/operations/sweeps/end-run-late.ts";
import { readBackup, replaceBackup } from "../../src/operations/rows/backup-rows.ts";
import { openRunsPartition, sitePartition } from "../../src/operations/rows/keys.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { clearScratch } from "../../src/steps/clear-scratch.ts";
import { writeBeat } from "../../src/operations/rows/step-rows.ts";
import { closeBackup } from "../../src/steps/backup/close-backup.ts";
import { lookAgain } from "../../src/steps/backup/look-again.ts";
import { removeBackup } from "../../src/steps/backup/remove-backup.ts";
import { scratchOf } from "../../src/steps/scratch.ts";
import { namesOf } from "../adapters/destination/blocks.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { putObject } from "../support/put-object.ts";

let given: ReturnType<typeof memoryInstallation>;
beforeEach(() => {
  given = memoryInstallation();
  given.clock.time = new Date();
});
const later = (hours: number): void => {
  given.clock.time = new Date(given.clock.time.getTime() + hours * 3_600_000);
};
const scratchNames = () => namesOf(given.container("scratch").list(""));

describe("the scratch of a run", () => {
  it("is removed a day after its last object when the run is over, and kept while the run is open", async () => {
    const { backup } = await createBackup(given.deps)(given.call, shop, {});
    const scratch = given.container("scratch");
    await scratchOf(scratch, backup.run ?? "").putJson("open");
    await scratchOf(scratch, "backup-9-gone").putJson("over");
    const all = await scratchNames();
    expect(all).toHaveLength(2);
    later(23);
    await clearScratch(given.deps)(given.call);
    expect(await scratchNames()).toEqual(all);
    later(2);
    await clearScratch(given.deps)(given.call);
    expect(await scratchNames()).toEqual(all.filter((name) => name.includes(backup.run ?? "")));
  });
});

describe("a backup that was cut short", () => {
  const zipOf = (backup: Backup) => `${backup.blobBase}.zip`;
  const written = (backup: Backup) =>
    putObject(given.container(backup.destination), zipOf(backup), Buffer.from("late"), { run: backup.run ?? "" });
  const names = (backup: Backup) => namesOf(given.container(backup.destination).list(""));
  const begun = async () => (await createBackup(given.deps)(given.call, shop, { name: "nightly" })).backup;
  const look = () => lookAgain(given.deps)(shop);

  const ends: readonly [string, (backup: Backup) => Promise<unknown>][] = [
    [
      "cancelled by its deletion",
      async (backup) => {
        await deleteBackup(given.deps)(given.call, shop, backup.id);
        return removeBackup(given.deps)({ site: shop, run: "delete", epoch: 0, backup: backup.id }, given.call);
      },
    ],
    [
      "timed out",
      (backup) =>
        endRunLate(given.deps, given.call, { site: shop, run: backup.run ?? "", reason: "It took too long." }),
    ],
    [
      "failed",
      async (backup) => {
        const { epoch } = await readSiteRow(given.deps.catalog, shop);
        const ref = { site: shop, run: backup.run ?? "", epoch, backup: backup.id };
        return closeBackup(given.deps)({ ...ref, failure: "It failed." }, given.call);
      },
    ],
  ];

  it.each(ends)("leaves nothing of its run in the catalog, though a step's process died: %s", async (_how, end) => {
    const backup = await begun();
    const run = backup.run ?? "";
    const { catalog } = given.deps;
    await writeBeat(catalog, { site: shop, run, attempt: "died" }, { beat: 1 });
    await end(backup);
    const rows = [...(await catalog.list(sitePartition(shop))), ...(await catalog.list(openRunsPartition))];
    expect(rows.filter(({ key }) => key.includes(run))).toEqual([]);
  });

  it("leaves nothing of its deletion either, nor of what follows a backup", async () => {
    const { id: backup, run = "" } = await begun();
    const { catalog } = given.deps;
    await deleteBackup(given.deps)(given.call, shop, backup);
    for (const of of [run, "delete"]) await writeBeat(catalog, { site: shop, run: of, attempt: "died" }, { beat: 1 });
    await removeBackup(given.deps)({ site: shop, run: "delete", epoch: 0, backup }, given.call);
    await writeBeat(catalog, { site: shop, run, attempt: "died" }, { beat: 1 });
    await afterBackup(given.deps)({ site: shop, run, epoch: 0, backup }, given.call);
    expect(await catalog.list(sitePartition(shop), { prefix: "step!" })).toEqual([]);
  });

  it.each(ends)("has its name looked at once more for a day: %s", async (_how, end) => {
    const backup = await begun();
    await end(backup);
    await written(backup);
    await look();
    expect(await names(backup)).toEqual([]);
    await written(backup);
    later(25);
    await look();
    expect(await names(backup)).toEqual([zipOf(backup)]);
  });

  it("leaves no staged blocks either that a step brings late when it ended well, and nothing of it goes", async () => {
    const backup = await begun();
    const row = await readBackup(given.deps.catalog, shop, backup.id);
    const finished = given.clock.time.toISOString();
    const ended = replaceBackup({ ...backup, status: "Succeeded", finished }, row?.version ?? "");
    await given.deps.catalog.write(sitePartition(shop), [ended]);
    await written(backup);
    const destination = given.container(backup.destination);
    const upload = { name: "late.zip", run: backup.run ?? "" };
    const bytes = Buffer.from("late");
    const late = blockId(0, 0, bytes);
    await destination.stage(upload, late, bytes);
    await look();
    await expect(destination.commit(upload, [late], {})).rejects.toThrow(/not staged/);
    expect(await names(backup)).toEqual([zipOf(backup)]);
  });

  it("is left alone where another backup has its name by now", async () => {
    const backup = await begun();
    await endRunLate(given.deps, given.call, { site: shop, run: backup.run ?? "", reason: "It took too long." });
    await written({ ...backup, run: "another" });
    await look();
    expect(await names(backup)).toEqual([zipOf(backup)]);
  });
});
