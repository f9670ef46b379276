import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BackupItem, WebSiteManagementClient } from "@azure/arm-appservice";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { killAll, startLifeboat, tlsUrl, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { plantedIn, tracesOf, type Trace } from "../support/planted-secrets.ts";
import { armClient, subscription, type Exchange } from "./arm-client.ts";

/** A store to back up to. */
interface Store {
  /** As a caller gives it: with a SAS where there is one. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly names: () => Promise<readonly string[]>;
}

const group = "local";
const colour = "pl4nted/red+Setting=7fQ";

/** The whole story, over https, against the built service in a process of its own. */
const story = (open: (data: string) => Promise<Store>): void => {
  let folder: string;
  let store: Store;
  let client: WebSiteManagementClient;
  let endpoint: string;
  let exchanges: Exchange[] = [];
  let service: LifeboatProcess;
  const told: Trace[] = [];
  const data = (): string => join(folder, "data");
  const home = (): string => join(folder, "shop");
  const page = (): string => join(home(), "site", "wwwroot", "index.html");
  const secret = (): string =>
    (JSON.parse(readFileSync(join(data(), "admin-key"), "utf8")) as { secret: string }).secret;
  const authorityFile = (): string => join(data(), "tls", "ca.pem");

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-compat-"));
    mkdirSync(join(data(), "sites"), { recursive: true });
    mkdirSync(join(home(), "site", "wwwroot", "images"), { recursive: true });
    writeFileSync(join(home(), "site", "wwwroot", "images", "a.png"), "a");
    writeFileSync(
      join(data(), "sites", "shop.json"),
      JSON.stringify({ home: home(), appSettings: { COLOUR: colour } }),
    );
    store = await open(data());
    service = await startLifeboat({ data: data(), environment: store.environment });
    endpoint = tlsUrl(service);
    const seen = (exchange: Exchange): void => {
      exchanges.push(exchange);
      if (exchange.method !== "GET") return;
      told.push({ where: `GET ${exchange.url}`, bytes: Buffer.from(exchange.body) });
    };
    client = armClient({ endpoint, authorityFile: authorityFile(), secret: secret() }, seen);
  });
  afterAll(async () => {
    await killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    exchanges = [];
    writeFileSync(page(), "<h1>Shop</h1>");
  });

  const finished = async (started: BackupItem, site = "shop"): Promise<BackupItem> => {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      const item = await client.webApps.getBackupStatus(group, site, String(started.backupId));
      if (item.status !== "Created" && item.status !== "InProgress") return item;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Backup ${started.backupId} does not end.`);
  };
  const backedUp = async (backupName: string): Promise<BackupItem> =>
    finished(await client.webApps.backup(group, "shop", { backupName, storageAccountUrl: store.url }));
  const listed = async (): Promise<BackupItem[]> => {
    const items: BackupItem[] = [];
    for await (const item of client.webApps.listBackups(group, "shop")) items.push(item);
    return items;
  };

  it("backs up, and tells the backup as it goes and in the list", async () => {
    const started = await client.webApps.backup(group, "shop", { backupName: "first", storageAccountUrl: store.url });
    expect(started).toMatchObject({ name: "shop", type: "Microsoft.Web/sites", status: "Created", blobName: "first" });
    expect(started.storageAccountUrl).toBe(store.url);
    const done = await finished(started);
    expect(done).toMatchObject({
      status: "Succeeded",
      blobName: "first.zip",
      namePropertiesName: "first",
      log: "",
      scheduled: false,
      storageAccountUrl: "",
    });
    expect(done.created).toBeInstanceOf(Date);
    expect(done.finishedTimeStamp?.getTime()).toBeGreaterThanOrEqual(done.created?.getTime() ?? Infinity);
    expect(done.sizeInBytes).toBeGreaterThan(0);
    expect((await listed()).map(({ backupId }) => backupId)).toContain(done.backupId);
    const alike: BackupItem[] = [];
    for await (const item of client.webApps.listSiteBackups(group, "shop")) alike.push(item);
    expect(alike.map(({ backupId }) => backupId)).toContain(done.backupId);
    expect(await store.names()).toEqual(expect.arrayContaining(["first.zip", "first.xml"]));
  });

  it("never overwrites a backup whose name is taken", async () => {
    await backedUp("taken");
    const second = await backedUp("taken");
    expect(second).toMatchObject({ status: "Succeeded", blobName: expect.stringMatching(/^taken_\d{14}\.zip$/) });
  });

  it("tells the SAS where it is asked for, and in no GET", async () => {
    const { backupId } = await backedUp("secret");
    const shown = await client.webApps.listBackupStatusSecrets(group, "shop", String(backupId), {});
    expect(shown.storageAccountUrl).toBe(store.url);
    await listed();
    await client.webApps.get(group, "shop");
    const signature = new URL(store.url).searchParams.get("sig");
    for (const { method, body } of exchanges)
      if (method === "GET") expect(body).not.toContain(signature === null ? store.url : encodeURIComponent(signature));
  });

  it("stores, tells and forgets a backup configuration", async () => {
    await client.webApps.deleteBackupConfiguration(group, "shop");
    await expect(client.webApps.getBackupConfiguration(group, "shop")).rejects.toMatchObject({
      statusCode: 404,
      code: "NotFound",
    });
    const backupSchedule = {
      frequencyInterval: 12,
      frequencyUnit: "Hour",
      keepAtLeastOneBackup: true,
      retentionPeriodInDays: 0,
      startTime: new Date("2030-01-31T02:00:00Z"),
    } as const;
    const configuration = { backupName: "nightly", enabled: true, storageAccountUrl: store.url, backupSchedule };
    const stored = await client.webApps.updateBackupConfiguration(group, "shop", configuration);
    expect(stored).toMatchObject(configuration);
    expect(await client.webApps.getBackupConfiguration(group, "shop")).toMatchObject(configuration);
    await client.webApps.deleteBackupConfiguration(group, "shop");
    await expect(client.webApps.getBackupConfiguration(group, "shop")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("discovers what an archive is", async () => {
    await backedUp("found");
    const request = { storageAccountUrl: store.url, blobName: "found.zip", overwrite: false };
    const found = await client.webApps.discoverBackup(group, "shop", request);
    expect(found).toMatchObject({ ...request, siteName: "shop", databases: [], operationType: "Default" });
  });

  it("restores over the site, and the backup says when", async () => {
    const { backupId } = await backedUp("good");
    writeFileSync(page(), "hacked");
    writeFileSync(join(home(), "site", "wwwroot", "extra.html"), "extra");
    const wish = { storageAccountUrl: store.url, blobName: "good.zip", overwrite: true, siteName: "shop" };
    const poller = client.webApps.restore(group, "shop", "0", wish);
    await poller.pollUntilDone();
    expect(readFileSync(page(), "utf8")).toBe("<h1>Shop</h1>");
    expect(existsSync(join(home(), "site", "wwwroot", "extra.html"))).toBe(false);
    const restored = await client.webApps.getBackupStatus(group, "shop", String(backupId));
    expect(restored.lastRestoreTimeStamp).toBeInstanceOf(Date);
    const [asked, ...polls] = exchanges.filter(({ url }) => /\/restore|operationresults/.test(url));
    expect(asked).toMatchObject({ status: 202, body: "" });
    expect(polls.at(-1)).toMatchObject({ status: 200 });
  });

  it("restores to a site that is made for it, with its settings", async () => {
    await backedUp("moved");
    const wish = { storageAccountUrl: store.url, blobName: "moved", overwrite: false, siteName: "copy" };
    await client.webApps.restore(group, "shop", "1", wish).pollUntilDone();
    const copy = await client.webApps.get(group, "copy");
    expect(copy).toMatchObject({ name: "copy", state: "Running" });
    expect(readFileSync(join(data(), "www", "copy", "site", "wwwroot", "index.html"), "utf8")).toBe("<h1>Shop</h1>");
    const file: { appSettings: object } = JSON.parse(readFileSync(join(data(), "sites", "copy.json"), "utf8"));
    expect(file.appSettings).toEqual({ COLOUR: colour });
  });

  it("restores to a slot, from the blob alone", async () => {
    await backedUp("slot");
    const wish = { storageAccountUrl: store.url, blobName: "slot.zip", overwrite: false };
    await client.webApps.restoreFromBackupBlobSlot(group, "shop", "staging", wish).pollUntilDone();
    expect(await client.webApps.getSlot(group, "shop", "staging")).toMatchObject({ name: "shop/staging" });
    await client.webApps.restoreFromBackupBlob(group, "shop", { ...wish, overwrite: true }).pollUntilDone();
    expect(readFileSync(page(), "utf8")).toBe("<h1>Shop</h1>");
  });

  it("tells why a restore was refused, or failed, as code and message", async () => {
    await backedUp("refused");
    const wish = { storageAccountUrl: store.url, blobName: "refused.zip", overwrite: false };
    await expect(client.webApps.restore(group, "shop", "0", wish).pollUntilDone()).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
      message: expect.stringContaining("overwrite"),
    });
    const missing = { ...wish, blobName: "none.zip", overwrite: true };
    await expect(client.webApps.restore(group, "shop", "0", missing).pollUntilDone()).rejects.toThrow(/none\.zip/);
    await expect(client.webApps.backup(group, "nowhere", {})).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  it("deletes a backup and what belongs to it, and knows it no more", async () => {
    const { backupId } = await backedUp("unwanted");
    await client.webApps.deleteBackup(group, "shop", String(backupId));
    const isListed = async (): Promise<boolean> => (await listed()).some((item) => item.backupId === backupId);
    for (const end = Date.now() + 60_000; Date.now() < end && (await isListed());)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await isListed()).toBe(false);
    expect((await store.names()).filter((name) => name.startsWith("unwanted"))).toEqual([]);
    await expect(client.webApps.getBackupStatus(group, "shop", String(backupId))).rejects.toMatchObject({
      statusCode: 404,
      code: "NotFound",
    });
  });

  it("works for a program that trusts the authority by NODE_EXTRA_CA_CERTS, and for none that does not", () => {
    const program = `
      import { WebSiteManagementClient } from "@azure/arm-appservice";
      const credential = { getToken: async () => ({ token: process.env.SECRET, expiresOnTimestamp: Date.now() + 1e6 }) };
      const options = { endpoint: process.env.ENDPOINT, retryOptions: { maxRetries: 0 } };
      const client = new WebSiteManagementClient(credential, "${subscription}", options);
      const site = await client.webApps.get("${group}", "shop").catch((error) => ({ name: error.code }));
      console.log(site.name);`;
    const run = (environment: Readonly<Record<string, string>>): string =>
      execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        env: { ...process.env, ENDPOINT: endpoint, SECRET: secret(), ...environment },
      })
        .toString()
        .trim();
    expect(run({ NODE_EXTRA_CA_CERTS: authorityFile() })).toBe("shop");
    expect(run({})).toMatch(/CERT|VERIFY|SELF_SIGNED/);
  });

  it("has left its secrets in no GET, log, file or database", async () => {
    await killAll();
    const signature = new URL(store.url).searchParams.get("sig");
    const canaries = [
      { name: "the app setting", text: colour, livesIn: /^sites\/[\w-]+\.json/ },
      { name: "the admin key", text: secret(), livesIn: /^admin-key$/ },
      ...(signature === null ? [] : [{ name: "the SAS", text: signature }]),
    ];
    const log = { where: "what the process said", bytes: Buffer.from(service.output()) };
    expect(told.length).toBeGreaterThan(20);
    expect(plantedIn(canaries, [log, ...told, ...tracesOf(data(), (path) => path.startsWith("www"))])).toEqual([]);
  });
};

describe("@azure/arm-appservice 19 and a directory", () => {
  story(async (data) => {
    const directory = join(data, "backups", "shop");
    mkdirSync(directory, { recursive: true });
    return { url: pathToFileURL(directory).href, environment: {}, names: async () => readdirSync(directory) };
  });
});

describeWith("azurite", azuritePresent, "@azure/arm-appservice 19 and a blob container", () => {
  let azurite: Azurite;
  beforeAll(async () => void (azurite = await startAzurite()));
  afterAll(async () => azurite.stop());

  story(async () => containerOf(azurite));
});

describeWith(
  "azurite",
  azuritePresent,
  "@azure/arm-appservice 19 and a service that keeps nothing on its machine",
  () => {
    let azurite: Azurite;
    beforeAll(async () => void (azurite = await startAzurite({ tables: true })));
    afterAll(async () => azurite.stop());

    story(async () => {
      const { environment, ...store } = await containerOf(azurite);
      const shared = {
        LIFEBOAT_TABLES: azurite.connectionString,
        LIFEBOAT_SCRATCH: azurite.connectionString,
        LIFEBOAT_DESTINATION: store.url,
        LIFEBOAT_SEALING_KEYS: `test:${randomBytes(32).toString("base64")}`,
        LIFEBOAT_RECOVERY_KEY: createRecoveryKey().text.reveal(),
      };
      return { ...store, environment: { ...environment, ...shared } };
    });
  },
);

/** A new container with everything a caller needs, and a service that may use plain http for it. */
const containerOf = async (azurite: Azurite): Promise<Store> => {
  await azurite.createContainer("backups");
  const url = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 86_400_000));
  return {
    url,
    environment: { LIFEBOAT_ALLOW_HTTP_STORAGE: "true", LIFEBOAT_STORAGE_HOSTS: new URL(url).hostname },
    names: async () => {
      const names: string[] = [];
      for await (const { name } of new ContainerClient(url).listBlobsFlat()) names.push(name);
      return names;
    },
  };
};
