import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { siteKey } from "../../../src/domain/site.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { credentialOf } from "../../../src/operations/containers/credentials.ts";
import { deleteBackup } from "../../../src/operations/backups/delete-backup.ts";
import { getBackup, listBackups } from "../../../src/operations/backups/read-backups.ts";
import { renewBackupAccess } from "../../../src/operations/backups/renew-backup-access.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { blockId } from "../../../src/archive/shards/block-id.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
beforeEach(() => (given = memoryInstallation()));

const url = (sas: string) => new Secret(`https://acct.blob.core.windows.net/backups?${sas}`);
const create = (name?: string) =>
  createBackup(given.deps)(given.call, shop, {
    ...(name === undefined ? {} : { name }),
    storageAccountUrl: url("se=2027-01-01&sig=planted"),
  });
const row = async (id: number) => (await readBackup(given.deps.catalog, shop, id))?.backup;

describe("making a backup", () => {
  it("writes it as Created, gives it the site, and starts its run with ids only", async () => {
    const { backup } = await create("nightly");
    expect(backup).toMatchObject({
      id: 1,
      name: "nightly",
      blobBase: "nightly",
      status: "Created",
      destination: "https://acct.blob.core.windows.net/backups",
    });
    expect(given.started).toEqual([
      { workflow: "backupSite", run: backup.run, input: { site: shop, run: backup.run, epoch: 1, backup: 1 } },
    ]);
    expect(JSON.stringify([given.started, await row(1)])).not.toContain("planted");
  });

  it("goes to the configured container with the credential that is kept for it, when the request names none", async () => {
    const storageAccountUrl = url("se=2027-01-01&sig=planted");
    await putBackupConfiguration(given.deps)(given.call, shop, { storageAccountUrl });
    const { backup } = await createBackup(given.deps)(given.call, shop, {});
    expect(backup.destination).toBe("https://acct.blob.core.windows.net/backups");
  });

  it("keeps the container's credential sealed, and a longer one over a shorter", async () => {
    await create();
    const container = "https://acct.blob.core.windows.net/backups";
    expect((await credentialOf(given.deps, container))?.reveal()).toContain("planted");
    expect(JSON.stringify(await given.deps.catalog.list("credentials"))).not.toContain("planted");
    await renewBackupAccess(given.deps)(given.call, shop, {
      backup: 1,
      showsSecret: true,
      storageAccountUrl: url("se=2026-12-01&sig=short"),
    });
    expect((await credentialOf(given.deps, container))?.reveal()).toContain("planted");
    await renewBackupAccess(given.deps)(given.call, shop, {
      backup: 1,
      showsSecret: true,
      storageAccountUrl: url("se=2028-01-01&sig=long"),
    });
    expect((await credentialOf(given.deps, container))?.reveal()).toContain("long");
  });

  it("never overwrites: a name that is taken gets a time stamp, also when a stranger's blob has it", async () => {
    const first = (await create("nightly")).backup;
    expect((await create("nightly.zip")).backup.blobBase).toBe("nightly_20261121120000");
    expect(first.blobBase).toBe("nightly");
    const container = given.container("https://acct.blob.core.windows.net/backups");
    const upload = { name: "foreign.zip", run: "x" };
    const block = blockId(0, 0, Buffer.from("zip"));
    await container.stage(upload, block, Buffer.from("zip"));
    await container.commit(upload, [block], {});
    const other = memoryInstallation();
    await expect(
      createBackup({ ...other.deps, destinations: { open: async () => container } })(other.call, shop, {
        name: "foreign",
        storageAccountUrl: url("sig=x"),
      }),
    ).resolves.toMatchObject({ backup: { blobBase: "foreign_20261121120000" } });
  });

  it("lets a second one wait, refuses a third with the run that is under way, and leaves its name free", async () => {
    const first = (await create("a")).backup;
    expect(await row((await create("b")).backup.id)).toMatchObject({ status: "Created" });
    expect(given.started).toHaveLength(1);
    await expect(create("c")).rejects.toThrow(first.run);
    await deleteBackup(given.deps)(given.call, shop, 2);
    expect((await create("c")).backup.blobBase).toBe("c");
  });

  it("goes to the site's default place when no container is named", async () => {
    const { backup } = await createBackup(given.deps)(given.call, shop, {});
    expect(backup).toMatchObject({ destination: "file:///backups/shop", name: "shop_202611211200" });
  });

  it("is refused for a name that no store can hold, a container that is not allowed, and a site that is not there", async () => {
    await expect(create("a/../b")).rejects.toThrow(/backupName/);
    const expires = new Date(given.clock.time.getTime() - 1_000);
    await expect(createBackup(given.deps)(given.call, shop, { expires })).rejects.toThrow(/expires: it has passed/);
    const forbidden = new Secret("https://forbidden/c?sig=planted");
    await expect(createBackup(given.deps)(given.call, shop, { storageAccountUrl: forbidden })).rejects.toThrow(
      /not allowed/,
    );
    await expect(createBackup(given.deps)(given.call, { ...shop, name: "nope" }, {})).rejects.toThrow(
      /nope.*not found/,
    );
    expect(await given.deps.catalog.list("credentials")).toEqual([]);
  });

  it("gives every one of many at the same time its own number, and the site to one", async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => create(`n${index}`)));
    const ids = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.backup.id] : []));
    expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(given.started).toHaveLength(1);
  });
});

describe("deleting a backup", () => {
  it("cancels the one that runs and gives the site to the one that waits", async () => {
    const first = (await create("a")).backup;
    await create("b");
    await deleteBackup(given.deps)(given.call, shop, first.id);
    expect(given.ended).toEqual([first.run]);
    const { run, waiting, epoch } = await readSiteRow(given.deps.catalog, shop);
    expect({ backup: run?.backup, waiting }).toEqual({ backup: 2, waiting: undefined });
    expect(await row(2)).toMatchObject({ run: run?.id });
    expect(given.started.map(({ workflow }) => workflow)).toEqual(["backupSite", "backupSite", "deleteBackup"]);
    expect(given.started[1]?.input).toMatchObject({ backup: 2, epoch });
    expect(await row(1)).toMatchObject({ status: "DeleteInProgress" });
  });

  it("is not found twice once it is gone, and is not in the list", async () => {
    await create("a");
    await deleteBackup(given.deps)(given.call, shop, 1);
    expect((await listBackups(given.deps)(given.call, shop)).backups.map(({ status }) => status)).toEqual([
      "DeleteInProgress",
    ]);
    await expect(deleteBackup(given.deps)(given.call, shop, 7)).rejects.toThrow(/Backup 7 of shop/);
  });

  it("works for a site that is no longer there", async () => {
    await create("a");
    given.sites.delete(siteKey(shop));
    expect((await getBackup(given.deps)(given.call, shop, 1)).backup.name).toBe("a");
    await deleteBackup(given.deps)(given.call, shop, 1);
    expect(await row(1)).toMatchObject({ status: "DeleteInProgress" });
  });
});

describe("renewing a backup's access", () => {
  it("refuses another container, and does not repeat what was sent", async () => {
    await create("a");
    const other = new Secret("https://acct.blob.core.windows.net/other?sig=planted");
    const renewed = renewBackupAccess(given.deps)(given.call, shop, {
      backup: 1,
      storageAccountUrl: other,
      showsSecret: true,
    });
    await expect(renewed).rejects.toThrow(/another container/);
    await expect(renewed).rejects.not.toThrow(/planted/);
  });
});
