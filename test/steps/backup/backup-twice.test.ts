import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { localSiteHost } from "../../../src/adapters/site-files/local-site-host.ts";
import { objectSource } from "../../../src/archive/read/byte-source.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { readManifest } from "../../../src/manifest/read-manifest.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { changeSite, readSiteRow } from "../../../src/operations/rows/site-row.ts";
import type { Call } from "../../../src/ports/call.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { backupSteps } from "../../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../../src/workflows/backup-site.ts";
import type { BackupRef } from "../../../src/workflows/contract.ts";
import { temporaryFolder } from "../../support/file-tree.ts";
import { inlineThreads, memoryInstallation, shop } from "../../support/installation.ts";
import { Interleaving } from "../../support/interleaving.ts";
import { seedCount } from "../../support/long-runs.ts";
import { runWorkflow } from "../../support/run-workflow.ts";

const url = "https://acct.blob.core.windows.net/backups";
const sas = new Secret(`${url}?sr=c&sp=rwdl&se=2027-01-01&sig=planted`);

let folder: { readonly path: string; readonly remove: () => void };
let given: ReturnType<typeof memoryInstallation>;
let site: MemorySite;
let store: Destination;
let order: Interleaving | undefined;
let deps: Installation;
beforeEach(() => {
  folder = temporaryFolder();
  given = memoryInstallation();
  site = new MemorySite();
  store = memoryDestination();
  order = undefined;
  const gated = <Port extends object>(port: Port): Port => order?.gated(port) ?? port;
  const settings = { read: async () => ({ appSettings: {}, connectionStrings: {} }), write: async () => undefined };
  const local = localSiteHost({ roots: [{ at: pathFromText(""), directory: folder.path }], settings });
  const host = { ...local, files: site };
  const scratch = given.container("scratch");
  deps = {
    ...given.deps,
    get catalog() {
      return gated(given.deps.catalog);
    },
    hosts: { host: async () => host },
    destinations: { open: async () => gated(store) },
    scratch: async () => gated(scratch),
  };
  for (let number = 0; number < 12; number++)
    site.writeFile(pathFromText(`site/wwwroot/file-${number}`), Buffer.alloc(5_000 * number, `file ${number} `));
});
afterEach(() => folder.remove());

const begin = async (): Promise<{ readonly ref: BackupRef; readonly backup: Backup }> => {
  const { backup } = await createBackup(deps)(given.call, shop, { storageAccountUrl: sas });
  const { epoch } = await readSiteRow(deps.catalog, shop);
  return { backup, ref: { site: shop, run: backup.run ?? "", epoch, backup: backup.id } };
};

const names = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of store.list("")) found.push(name);
  return found;
};

const expectProven = async (id: number): Promise<void> => {
  const backup = (await readBackup(given.deps.catalog, shop, id))?.backup;
  expect(backup).toMatchObject({ status: "Succeeded", files: 12 });
  const object = await store.head(`${backup?.blobBase}.zip`);
  if (object === undefined) throw new Error("The zip is not there.");
  const archive = await openArchive(objectSource(store, object));
  expect(archive.commitId).toBe(backup?.commitId);
  expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
  const xml = await store.head(`${backup?.blobBase}.xml`);
  const read = readManifest(await store.read(xml?.name ?? "", { offset: 0, length: xml?.sizeBytes ?? 0 }));
  expect(read).toMatchObject({ isOurs: true, manifest: { archive: { commitId: backup?.commitId } } });
};

type Step = (input: never, call: Call) => Promise<unknown>;

/** Every step as two attempts at the same time; the workflow goes on with whichever the seed says, and never waits for the other. */
const twice = (steps: ReturnType<typeof backupSteps>, by: Interleaving) => {
  const late: Promise<unknown>[] = [];
  const doubled = Object.entries(steps).map(([name, step]) => {
    // The cast is safe: both attempts get the input that the step was called with.
    const attempt = step as Step;
    const both = async (input: never, call: Call): Promise<unknown> => {
      const attempts = [attempt(input, call), attempt(input, call)];
      late.push(...attempts.map((one) => one.catch(() => undefined)));
      if (by.chance(0.5)) return Promise.race(attempts);
      return attempts[by.chance(0.5) ? 0 : 1];
    };
    return [name, both];
  });
  // The cast is safe: the same names with the same inputs and results.
  return { steps: Object.fromEntries(doubled) as typeof steps, settle: () => Promise.allSettled(late) };
};

describe("backups whose every step runs twice at the same time", () => {
  it.each(Array.from({ length: seedCount }, (_, index) => index + 1))(
    "end well in the order of seed %i",
    async (seed) => {
      for (const id of [1, 2]) {
        const { ref } = await begin();
        order = new Interleaving(seed * 10 + id);
        const doubled = twice(backupSteps(deps), order);
        await runWorkflow(doubled.steps, given.call, (wf) => backupSite(wf, ref));
        await doubled.settle();
        order = undefined;
        await expectProven(id);
        given.clock.time = new Date(given.clock.time.getTime() + 60_000);
      }
      expect((await names()).filter((name) => name.endsWith(".zip"))).toHaveLength(2);
      expect((await readSiteRow(deps.catalog, shop)).run).toBeUndefined();
      const { ref, backup } = await begin();
      await runWorkflow(backupSteps(deps), given.call, (wf) => backupSite(wf, ref));
      await expectProven(backup.id);
    },
  );
});

describe("a process that slept while another run took its site", () => {
  const stepNames = ["openBackup", "planArchive", "packShard", "sealArchive", "describeBackup", "closeBackup"] as const;

  it.each(stepNames)("%s writes nothing that anyone could see, and says that the run is lost", async (name) => {
    const { ref, backup } = await begin();
    const real = backupSteps(deps);
    let said: unknown;
    const asleep = async (input: never, call: Call): Promise<unknown> => {
      await changeSite(deps.catalog, shop, (row) => ({
        row: { ...row, epoch: row.epoch + 1, run: { id: "backup-9-other", kind: "backup", since: "now", backup: 9 } },
        result: undefined,
      }));
      const step = real[name] as Step; // Safe: called with the input of this very step.
      return (said = await step(input, call));
    };
    await runWorkflow({ ...real, [name]: asleep }, given.call, (wf) => backupSite(wf, ref));
    // A step whose news found out may also go on to its end: what it staged is never named.
    if (name !== "closeBackup" && name !== "packShard") expect(said).toMatchObject({ ok: false, code: "RunLost" });
    expect(await names()).toEqual([]);
    expect((await readSiteRow(deps.catalog, shop)).run?.id).toBe("backup-9-other");
    expect((await readBackup(deps.catalog, shop, backup.id))?.backup.status).not.toBe("Succeeded");
  });
});

describe("one name in one container", () => {
  it("goes to the first of two installations; the other fails and leaves the first one's backup alone", async () => {
    const other = memoryInstallation();
    const deps2: Installation = { ...deps, catalog: other.deps.catalog, scratch: other.deps.scratch };
    const wish = { name: "nightly", storageAccountUrl: sas };
    const first = (await createBackup(deps)(given.call, shop, wish)).backup;
    const second = (await createBackup(deps2)(other.call, shop, wish)).backup;
    expect([first.blobBase, second.blobBase]).toEqual(["nightly", "nightly"]);
    const run = async (installation: Installation, backup: Backup, before?: () => Promise<void>): Promise<void> => {
      const real = backupSteps(installation);
      const seal: (typeof real)["sealArchive"] = async (input, call) => {
        await before?.();
        return real.sealArchive(input, call);
      };
      const { epoch } = await readSiteRow(installation.catalog, shop);
      const ref = { site: shop, run: backup.run ?? "", epoch, backup: backup.id };
      await runWorkflow({ ...real, sealArchive: seal }, given.call, (wf) => backupSite(wf, ref));
    };
    // Both have looked whether the name is free before either commits.
    await run(deps2, second, () => run(deps, first));
    const lost = (await readBackup(deps2.catalog, shop, second.id))?.backup;
    expect(lost).toMatchObject({
      status: "Failed",
      log: expect.stringContaining("another than this backup") as string,
    });
    await expectProven(first.id);
  });
});
