import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { memoryDestination } from "../support/memory-destination.ts";
import { MemorySite } from "../support/memory-site.ts";
import { localSiteHost } from "../../src/adapters/site-files/local-site-host.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Refusal } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createBackup } from "../../src/operations/backups/create-backup.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readBackups } from "../../src/operations/rows/backup-rows.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import { takeUpRuns } from "../../src/operations/sweeps/take-up-runs.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { backupSteps } from "../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../src/workflows/backup-site.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { describeWith } from "../support/needs.ts";
import { runWorkflow } from "../support/run-workflow.ts";

const sas = new Secret("https://acct.blob.core.windows.net/backups?sr=c&sp=rwdl&se=2027-01-01&sig=planted");

describeWith("azurite", azuritePresent, "two processes on one table", () => {
  let azurite: Azurite;
  let given: ReturnType<typeof memoryInstallation>;
  let catalogs: Catalog[];
  let both: readonly [Installation, Installation];
  let tables = 0;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    given = memoryInstallation();
    catalogs = [];
    tables++;
    const site = new MemorySite();
    site.writeFile(pathFromText("site/wwwroot/index.html"), Buffer.from("hello"));
    const settings = { read: async () => ({ appSettings: {}, connectionStrings: {} }), write: async () => undefined };
    const local = localSiteHost({ roots: [{ at: pathFromText(""), directory: "." }], settings });
    const store = memoryDestination();
    let ids = 0;
    const open = async (): Promise<Installation> => {
      const connection = new Secret(azurite.connectionString);
      const catalog = await openTableCatalog({ connection, table: `two${tables}` });
      catalogs.push(catalog);
      return {
        ...given.deps,
        catalog,
        newId: () => `id${ids++}`,
        hosts: { host: async () => ({ ...local, files: site }) },
        destinations: { open: async () => store },
      };
    };
    both = [await open(), await open()];
  });
  afterEach(async () => {
    for (const catalog of catalogs) await catalog.close();
  });

  it("give each backup its own number and name; one runs, one waits, the others are told to wait", async () => {
    const wishes = Array.from({ length: 12 }, (_, index) =>
      createBackup(both[index % 2 === 0 ? 0 : 1])(given.call, shop, { name: "same", storageAccountUrl: sas }),
    );
    const answers = await Promise.allSettled(wishes);
    const created = answers.filter((one) => one.status === "fulfilled").map(({ value }) => value.backup);
    const refused = answers.filter((one) => one.status === "rejected").map(({ reason }) => reason as unknown);
    expect(created).toHaveLength(2);
    expect(new Set(created.map(({ id }) => id))).toEqual(new Set([1, 2]));
    expect(new Set(created.map(({ blobBase }) => blobBase)).size).toBe(2);
    for (const reason of refused) expect(reason).toBeInstanceOf(Refusal);
    expect(given.started).toHaveLength(1);
  });

  it("free the site once, and start whoever waits once, when both close the same run", async () => {
    const [one, other] = both;
    const first = (await createBackup(one)(given.call, shop, { storageAccountUrl: sas })).backup;
    await createBackup(other)(given.call, shop, { storageAccountUrl: sas });
    const { epoch } = await readSiteRow(one.catalog, shop);
    const ref = { site: shop, run: first.run ?? "", epoch, backup: first.id };
    const [here, there] = [backupSteps(one), backupSteps(other)];
    await runWorkflow(
      {
        ...here,
        closeBackup: async (input, call) => {
          const [done] = await Promise.all([here.closeBackup(input, call), there.closeBackup(input, call)]);
          return done;
        },
      },
      given.call,
      (wf) => backupSite(wf, ref),
    );
    const [ended, waiting] = await readBackups(other.catalog, shop);
    expect(ended).toMatchObject({ status: "Succeeded" });
    expect(waiting).toMatchObject({ status: "Created", run: expect.stringContaining("backup-2-") as string });
    const row = await readSiteRow(one.catalog, shop);
    expect(row).toMatchObject({ epoch: epoch + 2, run: { id: waiting?.run } });
    expect(new Set(given.started.map(({ run }) => run))).toEqual(new Set([first.run, waiting?.run]));
  });

  it("take up what nobody started, both at the same time, without a second run", async () => {
    const dead = { ...given.call, runner: { ...given.call.runner, start: () => Promise.reject(new Error("died")) } };
    await createBackup(both[0])(dead, shop, { storageAccountUrl: sas }).catch(() => undefined);
    given.clock.time = new Date(given.clock.time.getTime() + 11_000);
    await Promise.all(both.map((installation) => takeUpRuns(installation)(given.call)));
    expect(new Set(given.started.map(({ run }) => run)).size).toBe(1);
    expect(given.started.length).toBeGreaterThan(0);
  });
});
