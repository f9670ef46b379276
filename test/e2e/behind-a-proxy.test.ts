import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { serviceClient, siteFolder } from "../support/service-client.ts";

const folder = temporaryFolder();
const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "backups.example:8443" };
const started = async (name: string, environment: Readonly<Record<string, string>>) => {
  const data = join(folder.path, name);
  return { data, ...(await startLifeboat({ data, flags: ["--tls-port", "off"], environment })) };
};
let proxied: Awaited<ReturnType<typeof started>>;
let direct: Awaited<ReturnType<typeof started>>;

beforeAll(async () => {
  proxied = await started("proxied", { LIFEBOAT_PROXIES: "127.0.0.1" });
  direct = await started("direct", {});
});
afterAll(async () => {
  await killAll();
  folder.remove();
});

/** Where a caller is sent to ask what became of a restore, and where to log in. */
const sentTo = async ({ url, data }: typeof proxied) => {
  const { ask, ended } = serviceClient(url, bearer(data), "example");
  const storageAccountUrl = pathToFileURL(join(data, "backups", "example")).href;
  await ask("POST", "/backup", { properties: { backupName: "a", storageAccountUrl } });
  expect(await ended(1)).toMatchObject({ status: "Succeeded" });
  writeFileSync(join(data, "www", "example", "site", "wwwroot", "index.html"), "changed");
  const restore = await fetch(`${url}${siteFolder("example")}/backups/0/restore?api-version=2025-05-01`, {
    method: "POST",
    headers: { ...bearer(data), ...forwarded },
    body: JSON.stringify({ properties: { storageAccountUrl, blobName: "a", overwrite: true } }),
  });
  const metadata = await fetch(`${url}/metadata/endpoints`, { headers: forwarded });
  const { resourceManager }: { readonly resourceManager: string } = JSON.parse(await metadata.text());
  return { status: restore.status, location: restore.headers.get("location") ?? "", resourceManager };
};

it("links lead to where the proxy was asked, when it is one of those that are named", async () => {
  const { status, location, resourceManager } = await sentTo(proxied);
  expect({ status, resourceManager }).toEqual({ status: 202, resourceManager: "https://backups.example:8443/" });
  expect(new URL(location).origin).toBe("https://backups.example:8443");
});

it("links lead to the service itself, whatever anybody else claims", async () => {
  const { status, location, resourceManager } = await sentTo(direct);
  expect({ status, resourceManager }).toEqual({ status: 202, resourceManager: `${direct.url}/` });
  expect(new URL(location).origin).toBe(direct.url);
});
