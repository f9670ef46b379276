import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { azuritePresent, startAzurite } from "../support/azurite.ts";
import { buildTree, oddTree, readTree, temporaryFolder, type FoundNode } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { plantedIn, tracesOf, type Canary } from "../support/planted-secrets.ts";
import { rawZip } from "../support/raw-zip.ts";
import { serviceClient, siteFolder, type Answer } from "../support/service-client.ts";

interface Place {
  readonly url: string;
  readonly close: () => Promise<unknown>;
}

let folder: { readonly path: string; readonly remove: () => void };
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  await killAll();
  folder.remove();
});

const machine = async (name: string): Promise<{ readonly data: string; readonly service: LifeboatProcess }> => {
  const data = join(folder.path, name);
  mkdirSync(join(folder.path, "mnt"), { recursive: true });
  const service = await startLifeboat({
    data,
    environment: {
      LIFEBOAT_FILE_ROOTS: join(folder.path, "mnt"),
      LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
      LIFEBOAT_TLS_PORT: "0",
    },
  });
  if (service.url === "") throw new Error(`The service did not start: ${service.output()}`);
  return { data, service };
};

const kill = async ({ child }: LifeboatProcess): Promise<void> => {
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
};

/** Folders' times are right to the microsecond. */
const stateOf = (directory: string): readonly FoundNode[] =>
  [...readTree(directory)].map(([path, node]) => ({
    path,
    ...node,
    mtimeNs: node.kind === "directory" ? node.mtimeNs / 1_000n : node.mtimeNs,
  }));

const siteSettings = {
  appSettings: { MODE: "planted-setting" },
  connectionStrings: { Main: { value: "Server=planted-connection", type: "MySql" } },
};

/** A machine with a site is backed up and burns down; answers what its site was, and the recovery key somebody kept. */
const lostMachine = async (url: string) => {
  const home = join(folder.path, "old", "home");
  buildTree(home, oddTree());
  const data = join(folder.path, "old", "data");
  mkdirSync(join(data, "sites"), { recursive: true });
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home, ...siteSettings }), { mode: 0o600 });
  const { service } = await machine("old/data");
  const client = serviceClient(service.url, bearer(data), "shop");
  const begun = await client.ask("POST", "/backup", {
    properties: { backupName: "last night", storageAccountUrl: url },
  });
  expect(begun.status, JSON.stringify(begun.body)).toBe(200);
  expect(await client.ended(1)).toMatchObject({ status: "Succeeded", log: "" });
  await kill(service);
  const site = stateOf(home);
  const recoveryKey = readFileSync(join(data, "recovery-key"), "utf8").trim();
  rmSync(join(folder.path, "old"), { recursive: true });
  return { site, recoveryKey };
};

/** What the restored site consists of. */
const isContent = (path: string): boolean => path.startsWith(join("www", "shop"));

const canaries = ({ url, recoveryKey }: { readonly url: string; readonly recoveryKey: string }): readonly Canary[] => {
  const signature = new URL(url).searchParams.get("sig");
  const livesIn = /^sites\/shop\.json/;
  return [
    { name: "the setting", text: siteSettings.appSettings.MODE, livesIn },
    { name: "the connection string", text: siteSettings.connectionStrings.Main.value, livesIn },
    { name: "the recovery key of the burnt machine", text: recoveryKey },
    ...(signature === null ? [] : [{ name: "the SAS", text: signature }]),
  ];
};

const untilDone = async (location: string, headers: Readonly<Record<string, string>>): Promise<Response> => {
  for (let polls = 0; polls < 600; polls++) {
    const answer = await fetch(location, { headers });
    if (answer.status !== 202) return answer;
    await pause(100);
  }
  throw new Error("The restore never ended.");
};

const nightCase = (place: () => Promise<Place>): void => {
  it("is in the container, the recovery key, and three requests", async () => {
    const { url, close } = await place();
    try {
      const { site, recoveryKey } = await lostMachine(url);
      const { data, service } = await machine("new");
      const client = serviceClient(service.url, bearer(data), "shop");

      const found = await client.ask("POST", "/discoverbackup", { properties: { storageAccountUrl: url } });
      expect(found.status, JSON.stringify(found.body)).toBe(200);
      // Safe in tests: what is not as guessed fails the expectations.
      const backups = found.body["properties"]?.["backups"] as unknown as readonly Answer[];
      expect(backups).toHaveLength(1);
      expect(backups[0]).toMatchObject({
        kind: "lifeboat",
        isRestorable: true,
        backupName: "last night",
        problem: null,
      });

      const headers = { ...bearer(data), "content-type": "application/json" };
      const asked = await fetch(`${service.url}${siteFolder("shop")}/restoreFromBackupBlob?api-version=2024-11-01`, {
        method: "POST",
        headers,
        body: JSON.stringify({
          properties: {
            storageAccountUrl: url,
            blobName: backups[0]?.["blobName"],
            overwrite: false,
            recoverConfiguration: true,
            recoveryKey,
          },
        }),
      });
      expect(asked.status, await asked.clone().text()).toBe(202);

      const done = await untilDone(asked.headers.get("location") ?? "", headers);
      expect(done.status, await done.clone().text()).toBe(200);
      expect(stateOf(join(data, "www", "shop"))).toEqual(site);
      expect(JSON.parse(readFileSync(join(data, "sites", "shop.json"), "utf8"))).toMatchObject(siteSettings);
      await kill(service);
      const traces = [{ where: "what it said", bytes: Buffer.from(service.output()) }, ...tracesOf(data, isContent)];
      expect(plantedIn(canaries({ url, recoveryKey }), traces)).toEqual([]);
    } finally {
      await close();
    }
  });
};

describe("what a new machine needs of a burnt one, with backups in a folder,", () => {
  nightCase(async () => ({
    url: pathToFileURL(join(folder.path, "mnt", "backups of shop")).href,
    close: async () => undefined,
  }));

  it("is App Service's own zip and xml as well", async () => {
    const backups = join(folder.path, "mnt", "old");
    mkdirSync(backups, { recursive: true });
    const files = { "site/wwwroot/default.htm": "<h1>Old</h1>", "site/wwwroot/App_Data/x.txt": "x" };
    const entries = Object.entries(files).map(([path, content]) => ({ name: `fs/${path}`, content }));
    writeFileSync(join(backups, "weekly.zip"), rawZip(entries));
    writeFileSync(join(backups, "weekly.xml"), '<?xml version="1.0"?><BackupDescription><Site/></BackupDescription>');
    const url = pathToFileURL(backups).href;
    const { data, service } = await machine("new");
    const client = serviceClient(service.url, bearer(data), "old");
    const found = await client.ask("POST", "/discoverbackup", { properties: { storageAccountUrl: url } });
    expect(found.body["properties"]?.["backups"]).toMatchObject([{ kind: "foreign", isRestorable: true }]);
    const { status, body } = await client.ask("POST", "/restoreFromBackupBlob", {
      properties: { storageAccountUrl: url, blobName: "weekly.zip", overwrite: false },
    });
    expect(status, JSON.stringify(body)).toBe(202);
    await expect
      .poll(() => readdirSync(join(data, "www", "old", "site", "wwwroot")), { timeout: 30_000 })
      .toEqual(["App_Data", "default.htm"]);
    await kill(service);
  });
});

describeWith("azurite", azuritePresent, "what a new machine needs of a burnt one, with backups in a container,", () => {
  nightCase(async () => {
    const azurite = await startAzurite();
    await azurite.createContainer("backups");
    const url = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 86_400_000));
    return { url, close: () => azurite.stop() };
  });
});
