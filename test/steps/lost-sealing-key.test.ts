import { randomBytes } from "node:crypto";
import { beforeEach, expect, it } from "vitest";
import { unchangingKeys } from "../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../src/adapters/secrets/sealed.ts";
import { configuredSealingKeys } from "../../src/adapters/secrets/sealing-keys.ts";
import { localSiteHost } from "../../src/adapters/site-files/local-site-host.ts";
import { MemorySite } from "../support/memory-site.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createBackup } from "../../src/operations/backups/create-backup.ts";
import { deleteBackup } from "../../src/operations/backups/delete-backup.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readBackup } from "../../src/operations/rows/backup-rows.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import { backupSteps } from "../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../src/workflows/backup-site.ts";
import { deleteBackup as deleteWorkflow } from "../../src/workflows/delete-backup.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { runWorkflow } from "../support/run-workflow.ts";

const says =
  /The sealed value of the credential of https:\/\/acct\.blob\.core\.windows\.net\/backups needs the key old, and a test has only new\. Put that key back/;
const [old, newest] = ["old", "new"].map((id) => `${id}:${randomBytes(32).toString("base64")}`);
const sas = (container: string): Secret =>
  new Secret(`https://acct.blob.core.windows.net/${container}?sr=c&sp=rwdl&se=2027-01-01&sig=planted`);

let given: ReturnType<typeof memoryInstallation>;
let before: Installation;
let after: Installation;
beforeEach(() => {
  given = memoryInstallation();
  const site = new MemorySite();
  site.writeFile(pathFromText("site/wwwroot/index.html"), Buffer.from("hello"));
  const settings = { read: async () => ({ appSettings: {}, connectionStrings: {} }), write: async () => undefined };
  const local = localSiteHost({ roots: [{ at: pathFromText(""), directory: "." }], settings });
  const withKey = (key: string | undefined): Installation => ({
    ...given.deps,
    sealer: keySealer(unchangingKeys(configuredSealingKeys(new Secret(key ?? ""), "a test"))),
    hosts: { host: async () => ({ ...local, files: site }) },
  });
  [before, after] = [withKey(old), withKey(newest)];
});

const begin = async (deps: Installation, container: string): Promise<Backup> =>
  (await createBackup(deps)(given.call, shop, { storageAccountUrl: sas(container) })).backup;

const run = async (deps: Installation, { id, run: name = "" }: Backup): Promise<Backup | undefined> => {
  const { epoch } = await readSiteRow(deps.catalog, shop);
  const ref = { site: shop, run: name, epoch, backup: id };
  await runWorkflow(backupSteps(deps), given.call, (wf) => backupSite(wf, ref));
  return (await readBackup(deps.catalog, shop, id))?.backup;
};

it("fails the backup that needs it, with what is missing and the next move, and frees the site", async () => {
  const ended = await run(after, await begin(before, "backups"));
  expect(ended).toMatchObject({ status: "Failed", log: expect.stringMatching(says) });
  expect((await readSiteRow(after.catalog, shop)).run).toBeUndefined();
});

it("does not fail a backup to another container, although the one before cannot be reached", async () => {
  expect(await run(before, await begin(before, "backups"))).toMatchObject({ status: "Succeeded" });
  expect(await run(after, await begin(after, "others"))).toMatchObject({ status: "Succeeded" });
});

it("leaves a backup that cannot be deleted without it as DeleteFailed, and the backup where it is", async () => {
  const kept = await begin(before, "backups");
  await run(before, kept);
  const { run: removal } = await deleteBackup(after)(given.call, shop, kept.id).then(
    () => given.started.at(-1) ?? kept,
  );
  const ref = { site: shop, run: removal ?? "", epoch: 0, backup: kept.id };
  await runWorkflow(backupSteps(after), given.call, (wf) => deleteWorkflow(wf, ref));
  const found = (await readBackup(after.catalog, shop, kept.id))?.backup;
  expect(found).toMatchObject({ status: "DeleteFailed", log: expect.stringMatching(says) });
  expect(
    await given.container("https://acct.blob.core.windows.net/backups").head(`${kept.blobBase}.zip`),
  ).toBeDefined();
});
