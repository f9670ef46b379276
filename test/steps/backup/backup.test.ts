import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localSiteHost } from "../../../src/adapters/site-files/local-site-host.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { objectSource } from "../../../src/archive/read/byte-source.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { pathFromText, pathText } from "../../../src/domain/byte-path.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { readManifest } from "../../../src/manifest/read-manifest.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { deleteBackup } from "../../../src/operations/backups/delete-backup.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readBackup, replaceBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { backupSteps } from "../../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../../src/workflows/backup-site.ts";
import { deleteBackup as deleteWorkflow } from "../../../src/workflows/delete-backup.ts";
import type { BackupRef } from "../../../src/workflows/contract.ts";
import { contentOf } from "../../support/archive-contents.ts";
import { buildTree, temporaryFolder, treeOf } from "../../support/file-tree.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";
import { inlineThreads, memoryInstallation, shop } from "../../support/installation.ts";
import { readWhole } from "../../support/pack-archive.ts";
import { putObject } from "../../support/put-object.ts";
import { runWorkflow } from "../../support/run-workflow.ts";

const url = "https://acct.blob.core.windows.net/backups";
const sas = new Secret(`${url}?sr=c&sp=rwdl&se=2027-01-01&sig=planted`);

const settings = {
  read: async () => ({
    appSettings: { MODE: new Secret("planted-mode") },
    connectionStrings: { Main: { value: new Secret("planted-connection"), type: "Custom" } },
  }),
  write: async () => undefined,
};

let folder: { readonly path: string; readonly remove: () => void };
let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let destination: Destination;
beforeEach(() => {
  folder = temporaryFolder();
  given = memoryInstallation();
  const home = pathFromText("");
  const host = localSiteHost({ roots: [{ at: home, directory: folder.path }], settings });
  deps = { ...given.deps, hosts: { host: async () => host } };
  destination = given.container(url);
  buildTree(
    folder.path,
    treeOf({
      "site/wwwroot/index.html": { content: "<h1>Shop</h1>" },
      "site/wwwroot/data/big.bin": { content: Buffer.alloc(3_000_000, "abc") },
      "site/wwwroot/empty": {},
      "site/wwwroot/current": { target: "data" },
      "site/logs/today.log": { content: "line\n" },
    }),
  );
});
afterEach(() => folder.remove());

const begin = async (name?: string): Promise<Backup> => {
  const wish = name === undefined ? {} : { name };
  return (await createBackup(deps)(given.call, shop, { ...wish, storageAccountUrl: sas })).backup;
};

const refOf = async (backup: Backup): Promise<BackupRef> => {
  const row = await readSiteRow(deps.catalog, shop);
  return { site: shop, run: backup.run ?? "", epoch: row.epoch, backup: backup.id };
};

const run = async (backup: Backup, steps: Partial<ReturnType<typeof backupSteps>> = {}): Promise<Backup> => {
  const ref = await refOf(backup);
  await runWorkflow({ ...backupSteps(deps), ...steps }, given.call, (wf) => backupSite(wf, ref));
  return current(backup.id);
};

const current = async (id: number): Promise<Backup> => {
  const row = await readBackup(deps.catalog, shop, id);
  if (row === undefined) throw new Error(`There is no backup ${id}.`);
  return row.backup;
};

const names = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of destination.list("")) found.push(name);
  return found;
};

const scratchNames = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of given.container("scratch").list("")) found.push(name);
  return found;
};

const openZip = async (backup: Backup) => {
  const object = await destination.head(`${backup.blobBase}.zip`);
  if (object === undefined) throw new Error("There is no zip.");
  return openArchive(objectSource(destination, object));
};

const manifestOf = async (backup: Backup) => {
  const object = await destination.head(`${backup.blobBase}.xml`);
  if (object === undefined) throw new Error("There is no manifest.");
  const read = readManifest(await destination.read(object.name, { offset: 0, length: object.sizeBytes }));
  if (!read.isOurs) throw new Error("The manifest is another's.");
  return read.manifest;
};

describe("a backup of a site", () => {
  it("holds every file and the configuration, and is described by a manifest with the zip's commit id", async () => {
    const backup = await run(await begin("nightly"));
    expect(backup).toMatchObject({ status: "Succeeded", files: 4, leftOut: 0, chain: 0, blobBase: "nightly" });
    expect(backup.log).toBeUndefined();
    const archive = await openZip(backup);
    const entries = Array.from({ length: archive.directory.length }, (_, place) =>
      pathText(archive.directory.name(place)),
    );
    expect(entries).toEqual([
      "configuration.json",
      "fs/site/",
      "fs/site/logs/",
      "fs/site/logs/today.log",
      "fs/site/wwwroot/",
      "fs/site/wwwroot/current",
      "fs/site/wwwroot/data/",
      "fs/site/wwwroot/data/big.bin",
      "fs/site/wwwroot/empty/",
      "fs/site/wwwroot/index.html",
    ]);
    expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
    const manifest = await manifestOf(backup);
    expect(manifest.archive).toEqual({
      name: "nightly.zip",
      sizeBytes: backup.sizeBytes,
      commitId: backup.commitId,
    });
    expect(manifest.contents).toMatchObject({ files: 3, folders: 5, links: 1 });
    expect((await destination.head("nightly.zip"))?.metadata).toMatchObject({ commitid: backup.commitId });
  });

  it("shows no secret in the zip, the manifest, the catalog or scratch", async () => {
    const backup = await run(await begin());
    for (const name of await names()) {
      const object = await destination.head(name);
      const bytes = await destination.read(name, { offset: 0, length: object?.sizeBytes ?? 0 });
      expect(Buffer.from(bytes).includes("planted")).toBe(false);
    }
    const rows = await deps.catalog.list(sitePartition(shop));
    expect(JSON.stringify([rows, backup])).not.toContain("planted");
  });

  it("frees the site and leaves nothing in scratch", async () => {
    await run(await begin());
    expect((await readSiteRow(deps.catalog, shop)).run).toBeUndefined();
    expect(await scratchNames()).toEqual([]);
    expect((await deps.catalog.list(sitePartition(shop), { prefix: "progress!" })).length).toBe(0);
    expect(await deps.catalog.list("open-runs")).toEqual([]);
  });

  it("starts the backup that waited", async () => {
    const first = await begin();
    const second = await begin();
    await run(first);
    const waiting = await current(second.id);
    expect(given.started.map(({ run: started }) => started)).toContain(waiting.run);
    expect(await run(waiting)).toMatchObject({ status: "Succeeded" });
  });

  it("leaves out what the filter names, says so in the manifest, and warns of a line that matches nothing", async () => {
    writeFileSync(join(folder.path, "site/wwwroot/_backup.filter"), "\\site\\logs\n# comment\nsite/wwwroot/nowhere\n");
    const backup = await run(await begin());
    expect(backup.status).toBe("Succeeded");
    expect(backup.log).toContain("line 3");
    const archive = await openZip(backup);
    expect(archive.directory.find(pathFromText("fs/site/logs/today.log"))).toBe(-1);
    expect((await manifestOf(backup)).filter).toEqual([
      { number: 1, text: "\\site\\logs" },
      { number: 3, text: "site/wwwroot/nowhere" },
    ]);
    expect(await names()).toContain(`${backup.blobBase}.log`);
  });

  it("is PartiallySucceeded when something cannot be kept, and names it", async () => {
    execFileSync("mkfifo", [join(folder.path, "site/wwwroot/pipe")]);
    const backup = await run(await begin());
    expect(backup).toMatchObject({ status: "PartiallySucceeded", leftOut: 1 });
    expect(backup.log).toContain("site/wwwroot/pipe");
    expect((await manifestOf(backup)).leftOut.listed.map(({ path }) => pathText(path))).toEqual(["site/wwwroot/pipe"]);
  });
});

describe("a site whose files are gone", () => {
  const served = (): string => join(folder.path, "site/wwwroot");
  const empty = (): void => {
    rmSync(served(), { recursive: true });
    mkdirSync(served());
  };

  it("is backed up as PartiallySucceeded, each time, with the backup that holds files named first", async () => {
    const whole = await run(await begin());
    empty();
    for (let night = 0; night < 2; night++) {
      const backup = await run(await begin());
      expect(backup).toMatchObject({ status: "PartiallySucceeded", served: "gone", leftOut: 0, files: 1 });
      expect(backup.log?.split("\n")[0]).toBe(
        `Warning: There is no file in site/wwwroot, though backup ${whole.id} of ${whole.created} holds some (4 files in all). Is a drive not mounted, or was the site emptied?`,
      );
    }
  });

  it("is noticed where the whole folder is missing, and after backups of an older version that tell of all files only", async () => {
    const { served: _, ...older } = await run(await begin());
    const row = await readBackup(deps.catalog, shop, older.id);
    await deps.catalog.write(sitePartition(shop), [replaceBackup(older, row?.version ?? "")]);
    rmSync(join(folder.path, "site"), { recursive: true });
    expect(await run(await begin())).toMatchObject({ status: "PartiallySucceeded", served: "gone", files: 0 });
  });

  it("is noticed also where the last backup that holds files was found damaged", async () => {
    const { id } = await run(await begin());
    const row = await readBackup(deps.catalog, shop, id);
    if (row === undefined) throw new Error("The backup has no row.");
    const damaged = { ...row.backup, damaged: given.deps.clock.now().toISOString() };
    await deps.catalog.write(sitePartition(shop), [replaceBackup(damaged, row.version)]);
    empty();
    expect(await run(await begin())).toMatchObject({ status: "PartiallySucceeded", served: "gone" });
  });

  it("is as good as ever once there are files again, built on the last backup that had some", async () => {
    const whole = await run(await begin());
    renameSync(served(), join(folder.path, "elsewhere"));
    await run(await begin());
    renameSync(join(folder.path, "elsewhere"), served());
    const backup = await run(await begin());
    expect(backup).toMatchObject({ status: "Succeeded", served: "present", chain: 1, files: whole.files });
    expect(backup.reusedBytes).toBeGreaterThan(0);
  });

  it("is nothing to tell of where there were none before, or where the filter leaves them out", async () => {
    writeFileSync(join(served(), "_backup.filter"), "\\site\\wwwroot\n");
    await run(await begin());
    const filtered = await run(await begin());
    expect(filtered).toMatchObject({ status: "Succeeded", served: "present", files: 1 });
    await deleteWhole(filtered.id, filtered.id - 1);
    empty();
    expect(await run(await begin())).toMatchObject({ status: "Succeeded", served: "none" });
    expect(await run(await begin())).toMatchObject({ status: "Succeeded", served: "none" });
  });
});

describe("a site that shrank", () => {
  const fill = (count: number): void => {
    rmSync(join(folder.path, "site/uploads"), { recursive: true, force: true });
    mkdirSync(join(folder.path, "site/uploads"));
    for (let file = 0; file < count; file++) writeFileSync(join(folder.path, `site/uploads/${file}`), `${file}`);
  };

  it("is told once in the log of the backup, which is a good one, and not where the filter says otherwise by now", async () => {
    fill(200);
    const whole = await run(await begin());
    fill(97);
    const shrunk = await run(await begin());
    expect([shrunk.status, shrunk.log]).toEqual([
      "Succeeded",
      `Warning: This backup has 101 files of 3.0 MB in all, less than half of what backup ${whole.id} of ${whole.created} holds: 204 files of 3.0 MB.`,
    ]);
    expect((await run(await begin())).log, "it is no news any more").toBeUndefined();
    fill(50);
    expect((await run(await begin())).log, "not by half").toBeUndefined();
    fill(200);
    await run(await begin());
    fill(20);
    writeFileSync(join(folder.path, "site/wwwroot/_backup.filter"), "\\site\\uploads\n");
    expect((await run(await begin())).log, "a person left them out").toBeUndefined();
  });
});

const deleteWhole = async (...ids: readonly number[]): Promise<void> => {
  for (const id of ids) {
    await deleteBackup(deps)(given.call, shop, id);
    const ref = await refOf(await current(id));
    await runWorkflow(backupSteps(deps), given.call, (wf) => deleteWorkflow(wf, ref));
  }
};

const attributeTools = ["getfattr", "setfattr", "setfacl"].every(hasCommand);
describeWith("attr and acl", attributeTools, "attributes that no zip keeps", () => {
  it("are named with their files in the log of a backup that has everything else", async () => {
    execFileSync("setfattr", ["-n", "user.comment", "-v", "x", join(folder.path, "site/wwwroot/index.html")]);
    execFileSync("setfacl", ["-m", "u:12345:r", join(folder.path, "site/logs")]);
    const backup = await run(await begin());
    expect(backup.status).toBe("Succeeded");
    const object = await destination.head(`${backup.blobBase}.log`);
    const log = await destination.read(`${backup.blobBase}.log`, { offset: 0, length: object?.sizeBytes ?? 0 });
    for (const said of [backup.log ?? "", Buffer.from(log).toString("utf8")]) {
      expect(said).toMatch(/site\/wwwroot\/index\.html: .*without its extended attributes \(user\.comment\)/);
      expect(said).toMatch(/site\/logs: .*without its access list/);
    }
  });
});

describe("a second backup", () => {
  let site: MemorySite;
  let now = 1_800_000_000_000_000_000n;
  const later = (): void => void (now += 60_000_000_000n);
  const contentsOf = async (backup: Backup): Promise<ReadonlyMap<string, string | undefined>> => {
    const { directory } = await openZip(backup);
    const places = Array.from({ length: directory.length }, (_, place) => directory.at(place));
    const files = places.filter(({ name }) => name.startsWith("fs/"));
    return new Map(files.map(({ name, hash }) => [name, hash && Buffer.from(hash).toString("hex")]));
  };
  beforeEach(() => {
    const local = deps.hosts;
    site = new MemorySite({ nowNs: () => now });
    deps = { ...deps, hosts: { host: async (id) => ({ ...(await local.host(id)), files: site }) } };
    for (let number = 0; number < 50; number++)
      site.writeFile(pathFromText(`site/wwwroot/page-${number}.html`), Buffer.alloc(20_000, `page ${number} `));
    later();
  });

  it("copies what is unchanged, packs the rest, and is as complete as one from scratch", async () => {
    await run(await begin());
    site.writeFile(pathFromText("site/wwwroot/page-7.html"), Buffer.from("changed"));
    site.writeFile(pathFromText("site/wwwroot/new.html"), Buffer.from("new"));
    later();
    const second = await run(await begin());
    expect(second).toMatchObject({ status: "Succeeded", chain: 1, files: 51 });
    expect(second.reusedBytes).toBeGreaterThan(0);
    const scratch = await run(await begin(), {
      planArchive: (input, call) => backupSteps(deps).planArchive({ ...input, fromScratch: true }, call),
    });
    expect(scratch).toMatchObject({ chain: 0, reusedBytes: 0 });
    expect(await contentsOf(second)).toEqual(await contentsOf(scratch));
    expect(await verifyArchive(await openZip(second), { inflate: true, runner: inlineThreads })).toMatchObject({
      ok: true,
    });
  });

  it("packs everything from the site when the first is deleted in the middle", async () => {
    const first = await run(await begin());
    later();
    const real = backupSteps(deps);
    const second = await run(await begin(), {
      copyUnchanged: async (input, call) => {
        await destination.remove(`${first.blobBase}.zip`);
        return real.copyUnchanged(input, call);
      },
    });
    expect(second).toMatchObject({ status: "Succeeded", chain: 0, reusedBytes: 0, files: 50 });
    expect(await verifyArchive(await openZip(second), { inflate: true, runner: inlineThreads })).toMatchObject({
      ok: true,
    });
  });

  it("is packed from the site, and says why, when the first is not there any more", async () => {
    const first = await run(await begin());
    later();
    await destination.remove(`${first.blobBase}.zip`);
    const second = await run(await begin());
    expect(second).toMatchObject({ status: "Succeeded", chain: 0, reusedBytes: 0, files: 50 });
    expect(second.log).toContain("could not be copied from");
  });

  it("notes at the first what it finds damaged there, and nothing is copied from that any more", async () => {
    const first = await run(await begin());
    later();
    const zip = await readWhole(destination, `${first.blobBase}.zip`);
    const at = zip.indexOf("page-7.html") + 30;
    zip[at] = (zip[at] ?? 0) ^ 1;
    await putObject(destination, `${first.blobBase}.zip`, zip);
    const second = await run(await begin());
    expect(second).toMatchObject({ status: "Succeeded", chain: 1 });
    expect(second.log).toContain("site/wwwroot/page-7.html is damaged in the previous backup");
    const noted = await current(first.id);
    expect(noted.damaged).toBeDefined();
    expect(noted.log).toContain("1 of its files are damaged, the first: site/wwwroot/page-7.html. Do not rely");
    await putObject(destination, `${second.blobBase}.zip`, zip);
    later();
    const third = await run(await begin());
    expect(third).toMatchObject({ status: "Succeeded", chain: 0, reusedBytes: 0 });
    expect((await current(second.id)).log).toContain("is not the archive that the catalog knows. Do not rely");
    const fourth = await run(await begin());
    expect(fourth.chain).toBe(1);
    expect(await verifyArchive(await openZip(fourth), { inflate: true, runner: inlineThreads })).toMatchObject({
      ok: true,
    });
  });

  it("is packed from the site alone every fourteenth time", async () => {
    const chains: (number | undefined)[] = [];
    for (let round = 0; round < 15; round++) {
      given.clock.time = new Date(given.clock.time.getTime() + 60_000);
      chains.push((await run(await begin())).chain);
    }
    expect(chains).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0]);
  });
});

describe("a site whose directory is a link that is turned meanwhile", () => {
  const at = (name: string): string => join(folder.path, name);
  const turn = (): void => {
    symlinkSync("release-2", at("next"));
    renameSync(at("next"), at("current"));
  };

  beforeEach(() => {
    const roots = [{ at: pathFromText("site/wwwroot"), directory: at("current") }];
    deps = { ...deps, hosts: { host: async () => localSiteHost({ roots, settings }) } };
    for (const [release, pages] of Object.entries({ 1: ["a", "b", "c"], 2: ["b", "c", "d"] })) {
      const files = pages.map((page) => [`release-${release}/${page}.html`, { content: `release ${release}` }]);
      buildTree(folder.path, treeOf(Object.fromEntries(files)));
    }
    symlinkSync("release-1", at("current"));
  });

  it("is backed up as what it was when it was listed", async () => {
    const real = backupSteps(deps);
    const backup = await run(await begin(), {
      packShard: async (input, call) => {
        turn();
        return real.packShard(input, call);
      },
    });
    expect(backup).toMatchObject({ status: "Succeeded", files: 3 });
    const archive = await openZip(backup);
    const page = archive.directory.find(pathFromText("fs/site/wwwroot/b.html"));
    expect((await contentOf(archive, page)).toString()).toBe("release 1");
  });
});

describe("a backup that cannot be made", () => {
  it("fails before the long work when its SAS has expired", async () => {
    const backup = await begin();
    given.clock.time = new Date("2027-02-01T00:00:00Z");
    expect(await run(backup)).toMatchObject({ status: "Failed", log: expect.stringContaining("expired") as string });
    expect(await names()).toEqual([]);
  });

  it("fails with the container's own reason, frees the site and its name", async () => {
    const backup = await begin("again");
    const refused = new StoreFailure("AccessDenied", "The container refused: 403.");
    const failing: Installation = {
      ...deps,
      destinations: {
        open: async () => ({ ...bound(destination), stage: () => Promise.reject(refused) }),
      },
    };
    const ref = await refOf(backup);
    await runWorkflow(backupSteps(failing), given.call, (wf) => backupSite(wf, ref));
    expect(await current(backup.id)).toMatchObject({ status: "Failed", log: "The container refused: 403." });
    expect((await run(await begin("again"))).blobBase).toBe("again");
  });

  it("leaves no zip behind when it cannot be read back", async () => {
    const backup = await begin();
    const real = backupSteps(deps);
    const ended = await run(backup, {
      readBack: async () => ({ ok: false, code: "Failed", message: "It reads otherwise." }),
      closeBackup: real.closeBackup,
    });
    expect(ended).toMatchObject({ status: "Failed", log: "It reads otherwise." });
    expect(await names()).toEqual([]);
  });

  it("never overwrites a blob that appeared under its name meanwhile", async () => {
    const backup = await begin("taken");
    const foreign = Buffer.from("another's");
    const real = backupSteps(deps);
    const ended = await run(backup, {
      sealArchive: async (input, call) => {
        const upload = { name: "taken.zip", run: "other" };
        const { blockId } = await import("../../../src/archive/shards/block-id.ts");
        await destination.stage(upload, blockId(0, 0, foreign), foreign);
        await destination.commit(upload, [blockId(0, 0, foreign)], {});
        return real.sealArchive(input, call);
      },
    });
    expect(ended.status).toBe("Failed");
    expect(Buffer.from(await destination.read("taken.zip", { offset: 0, length: 9 })).toString()).toBe("another's");
  });
});

describe("a step that runs twice", () => {
  it.each([
    "openBackup",
    "planArchive",
    "packShard",
    "sealArchive",
    "readBack",
    "describeBackup",
    "closeBackup",
  ] as const)("%s gives the same backup, also when both attempts run at the same time", async (name) => {
    const real = backupSteps(deps);
    // oxlint-disable-next-line typescript/no-explicit-any -- one table for steps of different inputs
    const step = real[name] as (input: any, call: any) => Promise<any>;
    const backup = await run(await begin(), {
      [name]: async (input: unknown, call: unknown) => {
        const [, late] = await Promise.all([step(input, call), step(input, call)]);
        await step(input, call);
        return late as unknown;
      },
    });
    expect(backup.status).toBe("Succeeded");
    const archive = await openZip(backup);
    expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
    expect((await manifestOf(backup)).archive.commitId).toBe(archive.commitId);
    expect((await readSiteRow(deps.catalog, shop)).run).toBeUndefined();
  });
});

describe("deleting a backup", () => {
  const remove = async (backup: Backup): Promise<Backup> => {
    await deleteBackup(deps)(given.call, shop, backup.id);
    const ref = { site: shop, run: "delete-1", epoch: 0, backup: backup.id };
    await runWorkflow(backupSteps(deps), given.call, (wf) => deleteWorkflow(wf, ref));
    return current(backup.id);
  };

  it("removes manifest, zip and log, and nothing that another wrote", async () => {
    writeFileSync(join(folder.path, "site/wwwroot/_backup.filter"), "nowhere\n");
    const backup = await run(await begin("old"));
    const other = await run(await begin("other"));
    expect(await remove(backup)).toMatchObject({ status: "Deleted" });
    expect(await names()).toEqual(["other.log", "other.xml", "other.zip"]);
    expect(other.status).toBe("Succeeded");
  });

  it("of a running backup cancels it: it writes nothing more and its scratch is cleared", async () => {
    const backup = await begin();
    const real = backupSteps(deps);
    const ref = await refOf(backup);
    await runWorkflow(
      {
        ...real,
        packShard: async (input, call) => {
          await deleteBackup(deps)(given.call, shop, backup.id);
          return real.packShard(input, call);
        },
      },
      given.call,
      (wf) => backupSite(wf, ref),
    );
    const deleting = { site: shop, run: "delete-1", epoch: 0, backup: backup.id };
    await runWorkflow(real, given.call, (wf) => deleteWorkflow(wf, deleting));
    expect(await current(backup.id)).toMatchObject({ status: "Deleted" });
    expect(await names()).toEqual([]);
    expect(await scratchNames()).toEqual([]);
  });

  it("ends as DeleteFailed with the reason when the container refuses", async () => {
    const backup = await run(await begin());
    const refused = new StoreFailure("AccessDenied", "The container refused: 403.");
    const failing: Installation = {
      ...deps,
      destinations: { open: async () => ({ ...bound(destination), remove: () => Promise.reject(refused) }) },
    };
    await deleteBackup(deps)(given.call, shop, backup.id);
    const ref = { site: shop, run: "delete-1", epoch: 0, backup: backup.id };
    await runWorkflow(backupSteps(failing), given.call, (wf) => deleteWorkflow(wf, ref));
    expect(await current(backup.id)).toMatchObject({ status: "DeleteFailed", log: "The container refused: 403." });
  });
});

/** A destination's methods as an object that can be spread. */
const bound = (of: Destination): Destination => ({
  limits: of.limits,
  stage: (...args) => of.stage(...args),
  stageCopy: (...args) => of.stageCopy(...args),
  settle: (...args) => of.settle(...args),
  commit: (...args) => of.commit(...args),
  abandon: (...args) => of.abandon(...args),
  abandonRun: (run) => of.abandonRun(run),
  head: (...args) => of.head(...args),
  read: (...args) => of.read(...args),
  list: (...args) => of.list(...args),
  remove: (...args) => of.remove(...args),
});
