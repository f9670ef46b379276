import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { createRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { routes } from "../../src/api/routes.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { tracesInAzurite } from "../support/azurite-traces.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { memoryInstallation } from "../support/installation.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { plantedIn, tracesOf, type Canary, type Trace } from "../support/planted-secrets.ts";
import { siteFolder } from "../support/service-client.ts";

const version = "api-version=2025-05-01";
const apple = "pl4nted/App+Setting=7fQ";
const password = "pl4nted;Pa55 w%rd&ofTheDatabase";
const dumped = "pl4nted-Pa55word/of+a=database";
const hook = "pl4nted-hook/T0K3N/of+the+webhook";
const signing = "pl4nted-signing-secret-of-the-webhook";

let folder: { readonly path: string; readonly remove: () => void };
let service: LifeboatProcess;
let said: Trace[];
beforeEach(() => {
  folder = temporaryFolder();
  said = [];
});
afterEach(async () => {
  await killAll();
  folder.remove();
});

const data = (): string => join(folder.path, "data");

interface Asked {
  readonly body?: unknown;
  readonly secret?: string;
  /** What the answer is shown for: then it is no trace. */
  readonly tells?: true;
}

const adminSecret = (): string =>
  (JSON.parse(readFileSync(join(data(), "admin-key"), "utf8")) as { secret: string }).secret;

/** `path` begins at the root, or below the site's resource without a slash. Every answer that nobody asked a secret of is a trace. */
const ask = async (method: string, path: string, { body, secret = adminSecret(), tells }: Asked = {}) => {
  const url = path.startsWith("/") ? path : `${siteFolder("shop")}/${path}`;
  const answer = await fetch(`${service.url}${url}${url.includes("?") ? "&" : "?"}${version}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const headers = JSON.stringify([...answer.headers]);
  if (tells === undefined) said.push({ where: `the answer to ${method} ${path}`, bytes: Buffer.from(headers + text) });
  return { status: answer.status, text, location: answer.headers.get("location") ?? "" };
};

const backupEnded = async (id: number): Promise<string> => {
  let status = "";
  await expect
    .poll(async () => (status = /"status":"?(\w+)/.exec((await ask("GET", `backups/${id}`)).text)?.[1] ?? ""), {
      timeout: 120_000,
    })
    .toMatch(/^(Succeeded|PartiallySucceeded|Failed)$/);
  return status;
};

const operationEnded = async (location: string): Promise<number> => {
  const { pathname } = new URL(location);
  let status = 202;
  await expect.poll(async () => (status = (await ask("GET", pathname)).status), { timeout: 120_000 }).not.toBe(202);
  return status;
};

/** Every operation that reads, for every id there may be. */
const readEverything = async (secret: string, operations: readonly string[]): Promise<void> => {
  const reading = routes(memoryInstallation().deps).filter(({ method }) => method === "GET");
  for (const { path } of reading)
    for (const backup of path.includes("{backupId}") ? [1, 2, 3, 4] : [0])
      for (const operation of path.includes("{operationId}") ? operations : [""]) {
        const url = path
          .replace("{site}", siteFolder("shop"))
          .replace("{subscription}", "00000000-0000-0000-0000-000000000000")
          .replace("{resourceGroup}", "local")
          .replace("{siteName}", "shop")
          .replace("{backupId}", String(backup))
          .replace("{operationId}", operation)
          .replace("{keyId}", "reader");
        await ask("GET", url, { secret });
      }
};

/** The story of a site with everything that goes well and wrong in it; what it returns are the ids of its operations. */
const story = async (url: string, strange: { readonly recoveryKey: string; readonly sas: string }) => {
  const started = async (path: string, properties: object): Promise<string> => {
    const { status, location, text } = await ask("POST", path, { body: { properties } });
    expect(status, text).toBe(202);
    await operationEnded(location);
    return new URL(location).pathname.split("/").at(-1) ?? "";
  };
  const configuration = {
    properties: {
      storageAccountUrl: url,
      backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day", startTime: "2099-01-01T00:00:00Z" },
    },
  };
  await ask("PUT", "config/backup", { body: configuration, tells: true });
  const webhook = { url: `https://hook.invalid/${hook}`, form: "slack", secret: signing };
  expect((await ask("PUT", "config/alarms", { body: { properties: { webhook } } })).status).toBe(200);
  await ask("POST", "config/alarms/test");
  const first = { properties: { backupName: "first", storageAccountUrl: url } };
  await ask("POST", "backup", { body: first, tells: true });
  expect(await backupEnded(1)).toBe("Succeeded");
  // A container that does not let anybody in.
  await ask("POST", "backup", { body: { properties: { storageAccountUrl: strange.sas } }, tells: true });
  expect(await backupEnded(2)).toBe("Failed");
  // Databases whose servers nobody can reach: what the tools say about it is told, and names no password.
  const databases = ["PostgreSql", "MySql", "SqlAzure"].map((databaseType, index) => ({
    databaseType,
    name: `db${index}`,
    connectionString: `Server=127.0.0.1;Port=1;Database=db${index};User Id=u;Password=${dumped}`,
  }));
  const withDatabases = { properties: { ...configuration.properties, databases } };
  await ask("PUT", "config/backup", { body: withDatabases, tells: true });
  await ask("POST", "backup/plan", { body: { properties: { databases } } });
  const third = await ask("POST", "backup", {
    body: { properties: { storageAccountUrl: url, databases } },
    tells: true,
  });
  expect(third.status, third.text).toBe(200);
  expect(await backupEnded(3)).not.toBe("Succeeded");
  const restore = { storageAccountUrl: url, blobName: "first.zip", overwrite: true };
  const operations = [
    await started("backups/1/restore", restore),
    await started("backups/1/restore", { ...restore, recoverConfiguration: true }),
    await started("backups/1/restore", { ...restore, recoverConfiguration: true, recoveryKey: strange.recoveryKey }),
    await started("undo", {}),
    await started("backups/1/verify", {}),
  ];
  await ask("POST", "discoverbackup", { body: { properties: { storageAccountUrl: url } }, tells: true });
  return operations;
};

/** Requests that fail while a secret is in their hands. */
const mistakes = async (url: string): Promise<void> => {
  const properties = { storageAccountUrl: url };
  const bodies: readonly unknown[] = [
    `{"properties":{"storageAccountUrl":"${url}"`,
    `{"properties":{"storageAccountUrl":"${url}"}}}`,
    `{'properties':{'storageAccountUrl':'${url}'}}`,
    { properties: url },
    { properties: { storageAccountUrl: [url] } },
    { properties: { ...properties, backupName: url } },
    { properties: { ...properties, blobName: url, overwrite: true } },
    { properties: { ...properties, backupSchedule: url } },
    { properties: { storageAccountUrl: url.replace("http://127.0.0.1", "https://user:pw@store.example.org") } },
    { properties: { storageAccountUrl: url.replace("http://127.0.0.1", "http://store.example.org") } },
    { properties: { storageAccountUrl: url.replace("http:", "gopher:") } },
    { properties: { storageAccountUrl: ` x${url}` } },
    { properties: { storageAccountUrl: url.replace("?", "/deeper/?") } },
    { properties: { storageAccountUrl: url.replace(/\/[^/?]+\?/, "/another?") } },
  ];
  for (const body of bodies)
    for (const [method, path] of [
      ["PUT", "config/backup"],
      ["POST", "backups/1/list"],
      ["POST", "backups/99/restore"],
      ["POST", "backups/1/restore"],
      ["POST", "discoverbackup"],
      ["PUT", "config/alarms"],
    ] as const) {
      const { status } = await ask(method, path, { body, secret: operatorSecret });
      expect(status, `${method} ${path}`).toBeLessThan(500);
    }
};

let operatorSecret = "";
const keyOf = async (role: string): Promise<string> => {
  const { status, text } = await ask("PUT", `/providers/Lifeboat/keys/${role}`, {
    body: { properties: { role } },
    tells: true,
  });
  expect(status, text).toBe(201);
  return /"secret":"([^"]+)"/.exec(text)?.[1] ?? "";
};

const run = async (azurite: Azurite, environment: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const home = join(folder.path, "shop");
  mkdirSync(join(home, "site", "wwwroot"), { recursive: true });
  mkdirSync(join(data(), "sites"), { recursive: true });
  writeFileSync(join(home, "site", "wwwroot", "index.html"), "hello");
  const connectionStrings = { Main: { value: `Server=db;Database=shop;Password=${password}`, type: "Custom" } };
  const site = { home, appSettings: { APPLE: apple }, connectionStrings };
  writeFileSync(join(data(), "sites", "shop.json"), JSON.stringify(site), { mode: 0o600 });
  await azurite.createContainer("backups");
  await azurite.createContainer("closed");
  const soon = new Date(Date.now() + 3_600_000);
  const url = azurite.containerSas("backups", "rwdl", soon);
  const closed = azurite
    .containerSas("closed", "rwdl", soon)
    .replace(/sig=[^&]+/, "sig=pl4ntedWr0ngS1gnature%2B%2F%3D");
  const stranger = createRecoveryKey().text.reveal();
  service = await startLifeboat({ data: data(), environment: { LIFEBOAT_ALLOW_HTTP_STORAGE: "true", ...environment } });
  expect(service.url, service.output()).not.toBe("");
  operatorSecret = await keyOf("operator");
  const readerSecret = await keyOf("reader");
  const operations = await story(url, { recoveryKey: stranger, sas: closed });
  await mistakes(url);
  for (const secret of [adminSecret(), operatorSecret, readerSecret]) await readEverything(secret, operations);
  for (const path of [
    "config/backup/list",
    "backups/1/list",
    "config/appsettings/list",
    "config/connectionstrings/list",
  ]) {
    const shown = await ask("POST", path, { body: {}, tells: true });
    expect(shown.status, "it is there, for admins").toBe(200);
    await ask("POST", path, { body: {}, secret: readerSecret });
    await ask("POST", path, { body: {}, secret: operatorSecret });
  }
  // Killed in the middle of a run that holds a secret: what lies about then is looked at too.
  const last = { storageAccountUrl: url, blobName: "first.zip", overwrite: true, recoverConfiguration: true };
  await ask("POST", "backups/1/restore", { body: { properties: { ...last, recoveryKey: stranger } } });
  service.child.kill("SIGKILL");
  await once(service.child, "close");
  const sig = (text: string): string => new URL(text).searchParams.get("sig") ?? "";
  const ownSite = /^sites\/shop\.json/;
  const canaries: readonly Canary[] = [
    { name: "the SAS", text: sig(url) },
    { name: "the wrong SAS", text: sig(closed) },
    { name: "the app setting", text: apple, livesIn: ownSite },
    { name: "the password", text: password, livesIn: ownSite },
    { name: "a database's password", text: dumped },
    { name: "the webhook's address", text: hook },
    { name: "the webhook's secret", text: signing },
    { name: "the stranger's recovery key", text: stranger },
    { name: "the admin key", text: adminSecret(), livesIn: /^admin-key$/ },
    { name: "the operator's key", text: operatorSecret },
    { name: "the reader's key", text: readerSecret },
    ...secretFile("recovery-key"),
    ...secretFile("sealing-keys"),
    { name: "the account's key", text: azurite.key },
    { name: "the host's key", text: masterKey(), livesIn: /^keys\/host\.json$/ },
  ];
  const traces = [
    ...said,
    { where: "what the process said", bytes: Buffer.from(service.output()) },
    ...tracesOf(data()),
    ...(await tracesInAzurite(azurite)),
  ];
  expect(traces.length).toBeGreaterThan(100);
  return plantedIn(canaries, traces);
};

const masterKey = (): string =>
  (JSON.parse(readFileSync(join(data(), "keys", "host.json"), "utf8")) as { masterKey: { value: string } }).masterKey
    .value;

/** A key file of the data folder, where it has one. */
const secretFile = (name: string): readonly Canary[] => {
  try {
    const text = readFileSync(join(data(), name), "utf8").trim().replace(/^.*:/, "");
    return [{ name, text, livesIn: new RegExp(`^${name}$`) }];
  } catch {
    return []; // this installation has it elsewhere
  }
};

describeWith("azurite", azuritePresent, "what is secret, after a whole story,", () => {
  let azurite: Azurite;
  afterAll(() => azurite.stop());

  it("is in no log, error, row, payload, file or answer", async () => {
    azurite = await startAzurite({ tables: true });
    expect(await run(azurite, {})).toEqual([]);
    await azurite.stop();
  });

  it("is in none either with the catalog in Table Storage and the work in blobs", async () => {
    azurite = await startAzurite({ tables: true });
    const environment = {
      LIFEBOAT_TABLES: azurite.connectionString,
      LIFEBOAT_SCRATCH: azurite.connectionString,
      LIFEBOAT_DESTINATION: "https://account.blob.core.windows.net/backups",
      LIFEBOAT_SEALING_KEYS: Buffer.alloc(32, "pl4nted").toString("base64"),
      LIFEBOAT_BOOTSTRAP_KEY: "pl4nted-bootstrap-key-0123456789",
    };
    expect(await run(azurite, environment)).toEqual([]);
  });
});
