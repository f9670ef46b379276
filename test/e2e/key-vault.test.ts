import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startKeyVault, type FakeKeyVault } from "../support/fake-key-vault.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

const storageAccountUrl = "https://account.blob.core.windows.net/backups?sv=2024-11-04&sr=c&sp=rwdl&sig=pl4nted%3D";

let folder: { readonly path: string; readonly remove: () => void };
let vault: FakeKeyVault;
beforeEach(async () => {
  folder = temporaryFolder();
  vault = await startKeyVault({ folder: join(folder.path, "vault"), secret: "sealing" });
  vault.versions.push({
    version: "v1",
    value: `invault:${Buffer.alloc(32, 7).toString("base64")}`,
    created: 1,
    enabled: true,
  });
});
afterEach(async () => {
  await killAll();
  await vault.stop();
  folder.remove();
});

const start = async (): Promise<{ readonly service: LifeboatProcess; readonly client: ServiceClient }> => {
  const data = join(folder.path, "data");
  mkdirSync(join(data, "sites"), { recursive: true });
  mkdirSync(join(folder.path, "shop"), { recursive: true });
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: join(folder.path, "shop") }));
  const environment = {
    LIFEBOAT_KEY_VAULT_SECRET: `${vault.url}/secrets/sealing`,
    NODE_EXTRA_CA_CERTS: vault.caFile,
  };
  const service = await startLifeboat({ data, flags: ["--tls-port", "off"], environment });
  expect(service.url, service.output()).not.toBe("");
  return { service, client: serviceClient(service.url, bearer(data), "shop") };
};

it("a vault's key seals; a service that starts while the vault is away serves what needs no secret, and the rest later", async () => {
  const first = await start();
  const configured = await first.client.ask("PUT", "/config/backup", { properties: { storageAccountUrl } });
  expect(configured.status, JSON.stringify(configured.body)).toBe(200);
  first.service.child.kill("SIGTERM");
  await once(first.service.child, "close");
  const database = new Database(join(folder.path, "data", "lifeboat.db"));
  expect(JSON.stringify(database.prepare("SELECT * FROM rows").all())).toContain("lb1.invault.");
  database.close();

  vault.failure = { status: 503, code: "Busy" };
  const second = await start();
  expect((await second.client.ask("GET", "/config/backup")).status).toBe(200);
  expect((await second.client.ask("GET", "/backups")).status).toBe(200);
  const refused = await second.client.ask("POST", "/config/backup/list", {});
  expect(refused.status).toBe(503);
  expect(refused.body["error"]?.["message"]).toMatch(
    /sealing keys in https:\/\/localhost:\d+\/secrets\/sealing cannot be read/,
  );
  vault.failure = undefined;
  const shown = await second.client.ask("POST", "/config/backup/list", {});
  expect(shown.body["properties"]?.["storageAccountUrl"]).toBe(storageAccountUrl);
});
