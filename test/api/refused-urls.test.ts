import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { networkNotifier } from "../../src/adapters/alarms/notifier.ts";
import { openDestinations } from "../../src/adapters/destination/open-destinations.ts";
import { routes } from "../../src/api/routes.ts";
import { readConfig } from "../../src/config.ts";
import { insertBackup } from "../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../src/operations/rows/keys.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { hostWithoutSettings } from "../support/no-settings.ts";
import { keptBackup } from "../support/kept-backup.ts";
import { refusedFolders, refusedUrls } from "../support/refused-urls.ts";
import { resolver } from "../support/resolver.ts";

let folder: { readonly path: string; readonly remove: () => void };
let given: ReturnType<typeof memoryInstallation>;
let ask: ReturnType<typeof apiOver>;
let asked: readonly string[];

/** The API over the destinations as they really are, and names that all lead to the metadata service. */
beforeEach(async () => {
  folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  for (const name of ["data", "mnt", "shop", "elsewhere"]) mkdirSync(at(name));
  symlinkSync(at("elsewhere"), at("mnt/out"));
  symlinkSync(at("shop"), at("mnt/site"));
  given = memoryInstallation();
  const trap = resolver(() => ["169.254.169.254"]);
  asked = trap.asked;
  const config = readConfig({ LIFEBOAT_DATA: at("data"), LIFEBOAT_FILE_ROOTS: at("mnt") });
  const destinations = openDestinations({
    ...config,
    siteDirectories: async () => [at("shop")],
    resolve: trap.resolve,
  });
  const host = hostWithoutSettings({ content: async () => "present" });
  const notifier = networkNotifier({ clock: given.deps.clock, outgoing: config });
  const deps = { ...given.deps, destinations, notifier, hosts: { host: async () => host } };
  const container = "https://account.blob.core.windows.net/backups";
  await given.deps.catalog.write(sitePartition(shop), [insertBackup(keptBackup({ destination: container }))]);
  ask = apiOver(routes(deps), given.call);
});
afterEach(() => folder.remove());

/** Every operation that takes a URL of a store from a caller. */
const takers = [
  ["POST", "backup"],
  ["PUT", "config/backup"],
  ["POST", "backups/1/list"],
  ["POST", "backups/1/restore"],
  ["POST", "backups/1/restore/plan"],
  ["POST", "backups/0/restore"],
  ["POST", "restoreFromBackupBlob"],
  ["POST", "restoreFromBackupBlob/plan"],
  ["POST", "discoverbackup"],
  ["POST", "backups/discover"],
] as const;

const refuses = async (url: string, secret: string): Promise<void> => {
  for (const [method, path] of takers) {
    const properties = { storageAccountUrl: url, blobName: "nightly.zip", overwrite: true };
    const answer = await ask(method, `${shopPath}/${path}`, { as: "operator", body: { properties } });
    const refusal = answer.json()["error"] as unknown as { details: readonly { code: string }[] };
    expect({ path, status: answer.status }).toEqual({ path, status: 400 });
    expect(refusal.details[0]?.code).toMatch(/^(DestinationRefused|InvalidField)$/);
    expect(answer.text).not.toContain(secret);
  }
  expect(asked).toEqual([]);
  expect(given.started).toEqual([]);
  expect(await given.deps.catalog.list("credentials")).toEqual([]);
  expect(await given.deps.catalog.list("schedules")).toEqual([]);
};

describe("a store that no caller may name", () => {
  it.each(refusedUrls)("is refused wherever one can be named: %s", async (_, url) => {
    const separator = url.includes("?") ? "&" : "?";
    await refuses(url.includes("#") ? url : `${url}${separator}sv=2024-11-04&sr=c&sp=rwdl&sig=c2VjcmV0`, "c2VjcmV0");
  });

  it.each(refusedFolders)("is refused also when it is a folder: %s", async (_, url) => {
    await refuses(url, "no secret in it");
  });

  it.each([
    ["a link out of the roots", "mnt/out/x"],
    ["a link to the site", "mnt/site"],
    ["the site", "shop/backups"],
    ["the data folder", "data"],
    ["the keys' folder", "data/tls"],
    ["a climb", "mnt/%2e%2e/elsewhere"],
  ])("is refused also when it is %s", async (_, path) => {
    await refuses(`${pathToFileURL(folder.path).href}/${path}`, "no secret in it");
  });
});

describe("a store whose name leads elsewhere", () => {
  it("is taken, for names change, and is not reached when it is wanted", async () => {
    const url = "https://account.blob.core.windows.net/backups?sv=2024-11-04&sr=c&sp=rwdl&sig=c2VjcmV0";
    const answer = await ask("POST", `${shopPath}/discoverbackup`, {
      body: { properties: { storageAccountUrl: url } },
    });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain("leads to an address where no store may be");
    expect(answer.text).not.toContain("c2VjcmV0");
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe("a webhook or heartbeat that no caller may name", () => {
  it.each(refusedUrls.filter(([, , says]) => !/not one of|container/.test(says.source)))(
    "is refused when it is set: %s",
    async (_, url) => {
      for (const properties of [{ webhook: { url, form: "slack" } }, { heartbeatUrl: url }]) {
        const answer = await ask("PUT", `${shopPath}/config/alarms`, { as: "operator", body: { properties } });
        expect(answer.status).toBe(400);
        expect(answer.text).not.toContain(url);
      }
    },
  );
});
