import { beforeEach, describe, expect, it } from "vitest";
import { backupItem } from "../../src/api/wire/backup-item.ts";
import { routes } from "../../src/api/routes.ts";
import { statusNumber, type Backup, type BackupStatus } from "../../src/domain/backup.ts";
import { siteKey } from "../../src/domain/site.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readBackup, replaceBackup } from "../../src/operations/rows/backup-rows.ts";
import { changeSite } from "../../src/operations/rows/site-row.ts";
import type { SiteHost } from "../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

/** Answers in the forms that clients read; beside each rule stands which client breaks without it. */

const sas = "https://acct.blob.core.windows.net/backups?se=2027-02-05&sp=rwdl&sr=c&sig=planted";

let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  given = memoryInstallation();
  const slot = { ...shop, slot: "stg" };
  given.sites.set(siteKey(slot), { id: slot, location: "West Europe", tier: "Premium" });
  // Safe: nothing else is asked of a host before a run begins.
  const host = {
    content: async () => "present",
    settings: {
      read: async () => ({
        appSettings: { COLOUR: new Secret("planted") },
        connectionStrings: { main: { value: new Secret("Server=planted"), type: "MySql" } },
      }),
      write: () => Promise.reject(new Error("unexpected")),
    },
  } as Partial<SiteHost> as SiteHost;
  deps = { ...given.deps, hosts: { host: async () => host } };
  ask = apiOver(routes(deps), given.call);
});

const backUp = async (at = shopPath, backupName = "nightly") =>
  (await ask("POST", `${at}/backup`, { body: { properties: { backupName, storageAccountUrl: sas } } })).json();

/** The newest backup of the shop, as its run would have ended it. */
const end = async (id: number, change: Partial<Backup>): Promise<void> => {
  const row = await readBackup(deps.catalog, shop, id);
  if (row === undefined) throw new Error("no row");
  const ended = replaceBackup({ ...row.backup, ...change }, row.version);
  await changeSite(deps.catalog, shop, ({ run: _run, ...free }) => ({ row: free, also: [ended], result: undefined }));
};
const succeeded = {
  status: "Succeeded",
  sizeBytes: 6204,
  siteBytes: 3700,
  started: "2026-11-21T12:00:01.000Z",
  finished: "2026-11-21T12:00:07.050Z",
} as const;

describe("the envelope of a backup", () => {
  it.each([
    ["the site", shopPath, "shop", "Microsoft.Web/sites", "Local"],
    ["a slot", `${shopPath}/slots/stg`, "shop/stg", "Microsoft.Web/sites/slots", "West Europe"],
  ])(
    "is that of %s where it is asked for and deleted, and its own where it is looked at",
    async (_, at, name, type, location) => {
      const own = { id: at, name, type, location };
      const item = { id: `${at}/backups/1`, name: "1", location };
      expect(await backUp(at)).toMatchObject(own);
      expect((await ask("GET", `${at}/backups`)).json()["value"]).toMatchObject([
        { ...item, type: "Microsoft.Web/sites/backups" },
      ]);
      expect((await ask("POST", `${at}/listbackups`)).json()["value"]).toMatchObject([
        { ...item, type: "Microsoft.Web/sites/backups" },
      ]);
      expect((await ask("GET", `${at}/backups/1`)).json()).toMatchObject({ ...item, type: "Microsoft.Web/sites" });
      expect((await ask("POST", `${at}/backups/1/list`, { body: {} })).json()).toMatchObject({ name: "1" });
      const configuration = await ask("PUT", `${at}/config/backup`, {
        body: { properties: { storageAccountUrl: sas } },
      });
      expect(configuration.json()).toMatchObject(own);
      expect((await ask("DELETE", `${at}/backups/1`)).json()).toMatchObject(own);
    },
  );

  it("holds every member that clients read, of its type, from the first moment on", async () => {
    await backUp();
    expect((await ask("GET", `${shopPath}/backups/1`)).json()["properties"]).toEqual({
      id: 1,
      storageAccountUrl: "",
      blobName: "nightly",
      name: "nightly",
      backupName: "nightly",
      status: "Created",
      sizeInBytes: 0,
      created: "2026-11-21T12:00:00.000Z",
      log: null,
      databases: null,
      scheduled: false,
      correlationId: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      websiteSizeInBytes: null,
    });
  });

  it("holds numbers as numbers, the blob's whole name and dates with their zone once it is done", async () => {
    await backUp();
    await end(1, {
      ...succeeded,
      databaseBytes: 191,
      lastRestored: "2026-11-22T00:00:00.000Z",
      damaged: "2026-11-23T00:00:00.000Z",
    });
    expect((await ask("GET", `${shopPath}/backups/1`)).json()["properties"]).toMatchObject({
      blobName: "nightly.zip",
      status: "Succeeded",
      sizeInBytes: 6204,
      websiteSizeInBytes: 3700,
      databaseSizeInBytes: 191,
      log: "",
      finishedTimeStamp: "2026-11-21T12:00:07.050Z",
      lastRestoreTimeStamp: "2026-11-22T00:00:00.000Z",
      damaged: "2026-11-23T00:00:00.000Z",
    });
  });

  it("comes with the progress of a backup that is done: all of it", async () => {
    await backUp();
    const progress = async () => (await ask("GET", `${shopPath}/backups/1/progress`)).json()["properties"];
    expect(await progress()).toMatchObject({ status: "Created", percent: 0 });
    await end(1, { ...succeeded, files: 12, databaseBytes: 300 });
    expect(await progress()).toMatchObject({
      status: "Succeeded",
      percent: 100,
      files: 12,
      totalFiles: 12,
      bytes: 4_000,
      totalBytes: 4_000,
      secondsLeft: null,
    });
  });

  // Safe: the keys of a record of all statuses.
  it.each(Object.entries(statusNumber) as [BackupStatus, number][])(
    "says %s to those who read words, and %i to those who read numbers",
    async (status, number) => {
      await backUp();
      const row = await readBackup(deps.catalog, shop, 1);
      if (row === undefined) throw new Error("no row");
      const site = { id: shop, location: "Local", tier: "Standard" };
      const told = (apiVersion: string): unknown =>
        backupItem({ site, backup: { ...row.backup, status }, apiVersion }, "single").properties.status;
      expect(["2015-08-01", "2016-08-01", "2025-05-01"].map(told)).toEqual([number, status, status]);
    },
  );
});

describe("a list", () => {
  it("that is empty is a page with nothing in it: 19 and az cannot do without the array", async () => {
    for (const [method, path] of [
      ["GET", `${shopPath}/backups`],
      ["POST", `${shopPath}/listbackups`],
      ["GET", "/subscriptions/s/providers/Microsoft.Web/deletedSites"],
      ["GET", "/subscriptions/s/providers/Microsoft.Web/locations/West%20Europe/deletedSites"],
      ["GET", "/subscriptions/other/providers/Microsoft.Web/sites"],
    ] as const)
      expect((await ask(method, path)).json()).toEqual({ value: [], nextLink: null, id: null });
  });

  const three = async (): Promise<void> => {
    for (const [index, name] of ["a", "b", "c"].entries()) {
      await backUp(shopPath, name);
      await end(index + 1, succeeded);
    }
  };

  it.each([
    ["backups", "GET", "GET"],
    ["listbackups", "POST", "POST"],
    ["listbackups", "POST", "GET"],
  ])("of %s asked for by %s is followed by %s, to the end and no item twice", async (path, first, next) => {
    await three();
    const seen: unknown[] = [];
    let link: string | null = `${shopPath}/${path}?$top=2`;
    for (let method = first; link !== null; method = next) {
      const answer = await ask(method, link);
      expect(answer.status).toBe(200);
      const { value, nextLink } = answer.json() as unknown as { value: { name: string }[]; nextLink: string | null };
      if (nextLink !== null) expect(nextLink).toMatch(/^https:\/\/lifeboat\.example:7443\/.*api-version=2025-05-01/);
      seen.push(value.map(({ name }) => name));
      link = nextLink;
    }
    expect(seen).toEqual([["1", "2"], ["3"]]);
  });

  it("goes on where it was, although what it ended with is gone meanwhile", async () => {
    await three();
    // Safe: as was just seen.
    const { nextLink } = (await ask("GET", `${shopPath}/backups?$top=2`)).json() as unknown as { nextLink: string };
    await end(2, { status: "Deleted" });
    expect((await ask("GET", nextLink)).json()).toMatchObject({ value: [{ name: "3" }], nextLink: null });
  });

  it("of sites has pages as well", async () => {
    const other = { ...shop, name: "blog" };
    given.sites.set(siteKey(other), { id: other, location: "Local", tier: "Standard" });
    const first = (await ask("GET", "/subscriptions/S/resourcegroups/G/providers/microsoft.web/sites?$top=1")).json();
    expect(first).toMatchObject({ value: [{ name: "blog" }], nextLink: expect.stringContaining("$skipToken=") });
    expect((await ask("GET", String(first["nextLink"]))).json()).toMatchObject({
      value: [{ name: "shop" }],
      nextLink: null,
    });
  });

  it.each(["0", "1001", "x", "1.5", "-1"])("is refused a page of %s", async (top) => {
    expect((await ask("GET", `${shopPath}/backups?$top=${top}`)).status).toBe(400);
  });
});

describe("success", () => {
  it("is 200 with a body, and never 204, wherever 19 or az would break on anything else", async () => {
    await backUp();
    await end(1, succeeded);
    const body = { properties: { storageAccountUrl: sas, blobName: "nightly.zip" } };
    for (const [method, path] of [
      ["PUT", "config/backup"],
      ["POST", "config/backup/list"],
      ["GET", "config/backup"],
      ["GET", "backups/1"],
      ["POST", "backups/1/list"],
      ["DELETE", "backups/1"],
    ] as const) {
      const answer = await ask(method, `${shopPath}/${path}`, method === "GET" ? {} : { body });
      expect({ path, status: answer.status, id: answer.json()["id"] }).toEqual({
        path,
        status: 200,
        id: expect.any(String),
      });
    }
  });

  it("of deleting a configuration is 200 with nothing, also where there is none", async () => {
    await ask("PUT", `${shopPath}/config/backup`, { body: { properties: { storageAccountUrl: sas } } });
    for (let time = 0; time < 2; time++)
      expect(await ask("DELETE", `${shopPath}/config/backup`)).toMatchObject({ status: 200, text: "" });
  });

  it("of a deleted backup is DeleteInProgress, and then it is in no list", async () => {
    await backUp();
    await end(1, succeeded);
    expect((await ask("DELETE", `${shopPath}/backups/1`)).json()["properties"]).toMatchObject({
      status: "DeleteInProgress",
    });
    await end(1, { status: "Deleted" });
    expect((await ask("GET", `${shopPath}/backups`)).json()["value"]).toEqual([]);
    expect((await ask("GET", `${shopPath}/backups/1`)).status).toBe(404);
  });
});

describe("an error", () => {
  const cases: readonly (readonly [string, string, string, object, number, string, RegExp])[] = [
    [
      "no configuration",
      "POST",
      "config/backup/list",
      {},
      404,
      "NotFound",
      /^Backup configuration not found for site 'shop' with slot 'Production'$/,
    ],
    ["no such backup", "GET", "backups/7", {}, 404, "NotFound", /Backup 7 of shop/],
    ["an id that is none", "GET", "backups/x", {}, 400, "BadRequest", /backupId/],
    ["a container that is none", "POST", "backup", { storageAccountUrl: "x" }, 400, "BadRequest", /storageAccountUrl/],
    ["no such operation", "GET", "operationresults/none", {}, 404, "NotFound", /operation/i],
    ["a path nobody knows", "GET", "nothing", {}, 404, "NotFound", /not an operation/],
    ["a method nobody knows", "PUT", "backups", {}, 404, "NotFound", /not an operation/],
  ];

  it.each(cases)("about %s has a body in both of ARM's forms: 19 breaks on an empty one", async (...given_) => {
    const [, method, path, properties, status, code, message] = given_;
    const answer = await ask(method, `${shopPath}/${path}`, method === "GET" ? {} : { body: { properties } });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.json()).toMatchObject({
      Code: code,
      Message: expect.stringMatching(message),
      Target: null,
      Details: [{ Message: expect.stringMatching(message) }, { Code: code }],
      Innererror: null,
      error: {
        code,
        message: expect.stringMatching(message),
        target: null,
        details: expect.any(Array),
        innererror: null,
      },
    });
  });

  it("about a site that is not there is in ARM's own words", async () => {
    const answer = await ask("POST", `${shopPath.replace("shop", "nope")}/backup`);
    expect({ status: answer.status, error: answer.json()["error"] }).toMatchObject({
      status: 404,
      error: {
        code: "ResourceNotFound",
        message: "The Resource 'Microsoft.Web/sites/nope' under resource group 'g' was not found.",
      },
    });
  });

  it("about another run on the site names it, as 409", async () => {
    await backUp();
    const body = { properties: { storageAccountUrl: sas, blobName: "x", overwrite: true } };
    const answer = await ask("POST", `${shopPath}/backups/0/restore`, { body });
    expect({ status: answer.status, error: answer.json()["error"] }).toMatchObject({
      status: 409,
      error: {
        code: "Conflict",
        message: expect.stringMatching(
          /^Cannot modify this site because another operation is in progress\. Details: Id: /,
        ),
      },
    });
  });
});

describe("what is asked on the way to a site", () => {
  it("begins with the subscriptions", async () => {
    const told = {
      subscriptionId: "s",
      tenantId: expect.any(String),
      displayName: expect.any(String),
      state: "Enabled",
    };
    const list = (await ask("GET", "/subscriptions?api-version=2019-11-01", { as: "reader" })).json();
    expect(list).toMatchObject({ value: [told], nextLink: null });
    expect((await ask("GET", "/subscriptions/S", { as: "reader" })).json()).toMatchObject(told);
    expect((await ask("GET", "/subscriptions/other", { as: "reader" })).status).toBe(404);
  });

  it("tells where deleted sites are looked for, and that there are none", async () => {
    const { resourceTypes } = (
      await ask("GET", "/subscriptions/s/providers/Microsoft.Web?api-version=2021-04-01")
    ).json();
    expect(resourceTypes).toContainEqual(
      expect.objectContaining({ resourceType: "deletedSites", locations: ["Local", "West Europe"] }),
    );
  });

  it.each([
    ["GET", "config/web", "web", { appSettings: null, connectionStrings: null }],
    ["POST", "config/appsettings/list", "appsettings", { COLOUR: "planted" }],
    [
      "POST",
      "config/connectionstrings/list",
      "connectionstrings",
      { main: { value: "Server=planted", type: "MySql" } },
    ],
    ["POST", "config/azurestorageaccounts/list", "azurestorageaccounts", {}],
  ])("goes on with what PowerShell reads before a restore: %s %s", async (method, path, name, properties) => {
    expect((await ask(method, `${shopPath}/${path}`)).json()).toEqual({
      id: `${shopPath}/config/${name}`,
      name,
      type: "Microsoft.Web/sites/config",
      location: "Local",
      properties,
    });
    const slot = (await ask(method, `${shopPath}/slots/stg/${path}`)).json();
    expect(slot).toMatchObject({ id: `${shopPath}/slots/stg/config/${name}`, location: "West Europe" });
  });

  it("lists the slots of a site, and no other's", async () => {
    const other = { ...shop, name: "blog", slot: "beta" };
    given.sites.set(siteKey(other), { id: other, location: "Local", tier: "Standard" });
    expect((await ask("GET", `${shopPath}/slots/`)).json()["value"]).toMatchObject([{ name: "shop/stg" }]);
    expect((await ask("GET", `${shopPath.replace("shop", "nope")}/slots`)).status).toBe(404);
  });

  it("has a publishing profile for az, which publishes nowhere", async () => {
    const answer = await ask("POST", `${shopPath}/publishxml`, { body: { format: "WebDeploy" } });
    expect(answer.text).toMatch(/^<publishData><publishProfile .*publishUrl="" \/><\/publishData>$/);
  });
});
