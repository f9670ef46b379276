import { beforeEach, describe, expect, it } from "vitest";
import { restoreRoutes } from "../../../src/api/routes/restore-routes.ts";
import { siteKey, type SiteId } from "../../../src/domain/site.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readBackup, replaceBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { readOperation, replaceOperation, type Operation } from "../../../src/operations/rows/operation-rows.ts";
import { changeSite, readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { Secret } from "../../../src/domain/secret.ts";
import type { SiteHost } from "../../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { hostWithoutSettings } from "../../support/no-settings.ts";

const container = "https://acct.blob.core.windows.net/backups";
const sas = `${container}?se=2027-01-01&sp=rwdl&sr=c&sig=planted`;

let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let content: Awaited<ReturnType<SiteHost["content"]>>;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  given = memoryInstallation();
  content = "present";
  // Safe: a restore's request asks a host for nothing else.
  const host = hostWithoutSettings({ content: async () => content });
  deps = { ...given.deps, hosts: { host: async () => host } };
  ask = apiOver(restoreRoutes(deps), given.call);
});

/** A backup of the shop that ended so; the site is free again. */
const backedUp = async (name: string, status: "Succeeded" | "Failed" = "Succeeded") => {
  const { backup } = await createBackup(deps)(given.call, shop, { name, storageAccountUrl: new Secret(sas) });
  const row = await readBackup(deps.catalog, shop, backup.id);
  if (row === undefined) throw new Error("no row");
  const ended = replaceBackup({ ...row.backup, status }, row.version);
  await changeSite(deps.catalog, shop, ({ run: _run, ...free }) => ({ row: free, also: [ended], result: undefined }));
  given.started.length = 0;
  return backup;
};

const restore = (properties: object, options: Parameters<typeof ask>[2] = {}, id: number | string = 0) =>
  ask("POST", `${shopPath}/backups/${id}/restore`, { body: { properties }, ...options });

const operationOf = async (location: string | undefined, site: SiteId = shop) => {
  const id = /operationresults\/([\w-]+)/.exec(location ?? "")?.[1] ?? "";
  const found = await readOperation(deps.catalog, site, id);
  if (found === undefined) throw new Error(`no operation at ${location}`);
  return found;
};

const end = async ({ operation, version }: Awaited<ReturnType<typeof operationOf>>, change: Partial<Operation>) => {
  await deps.catalog.write(sitePartition(shop), [replaceOperation({ ...operation, ...change }, version)]);
};

describe("asking for a restore", () => {
  it("answers 202 with nothing in it, an absolute Location and Retry-After, and starts the run with ids only", async () => {
    await backedUp("nightly");
    const answer = await restore({
      storageAccountUrl: sas,
      blobName: "nightly.zip",
      overwrite: true,
      siteName: "shop",
    });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 202, text: "" });
    expect(answer.headers["location"]).toMatch(
      /^https:\/\/lifeboat\.example:7443\/subscriptions\/s\/.*\/sites\/shop\/operationresults\/[\w-]+\?api-version=2025-05-01$/,
    );
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    const { operation } = await operationOf(answer.headers["location"]);
    expect(operation).toMatchObject({
      kind: "restore",
      status: "InProgress",
      request: { destination: container, blob: "nightly.zip", backup: 1, overwrite: true, configuration: false },
    });
    expect(given.started).toEqual([
      { workflow: "restoreSite", run: operation.run, input: { site: shop, run: operation.run, epoch: 2 } },
    ]);
    expect(JSON.stringify([operation, given.started])).not.toContain("planted");
  });

  it.each(["2016-08-01", "2015-08-01"])("answers %s at once with the operation's id", async (version) => {
    await backedUp("nightly");
    const answer = await restore({ storageAccountUrl: sas, blobName: "nightly", overwrite: "true" }, { version });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id: shopPath, name: "shop", type: "Microsoft.Web/sites" });
    expect(await operationOf(`operationresults/${String(answer.json()["properties"]?.["operationId"])}`)).toBeDefined();
  });

  it("takes the site, so that a second one is 409 with the first one's run", async () => {
    await backedUp("nightly");
    const wish = { storageAccountUrl: sas, blobName: "nightly", overwrite: true };
    await restore(wish);
    const second = await restore(wish);
    expect(second.status).toBe(409);
    expect(second.json()["Message"]).toContain((await readSiteRow(deps.catalog, shop)).run?.id);
  });

  it("goes by the blob, whatever id stands in the path, and by the id only where no blob is named", async () => {
    await backedUp("a");
    await backedUp("b");
    const byBlob = await restore({ storageAccountUrl: sas, blobName: "b", overwrite: true }, {}, 1);
    expect((await operationOf(byBlob.headers["location"])).operation.request).toMatchObject({
      blob: "b.zip",
      backup: 2,
    });
    await changeSite(deps.catalog, shop, ({ run: _run, ...free }) => ({ row: free, result: undefined }));
    const byId = await restore({ overwrite: true }, {}, 1);
    expect((await operationOf(byId.headers["location"])).operation.request).toMatchObject({ blob: "a.zip", backup: 1 });
  });

  it("knows a backup by its container and name also when another site is the target", async () => {
    await backedUp("nightly");
    content = "empty";
    const other = shopPath.replace("shop", "copy");
    const answer = await ask("POST", `${other}/backups/0/restore`, {
      body: { properties: { storageAccountUrl: sas, blobName: "nightly", overwrite: false } },
    });
    expect(answer.headers["location"]).toContain("/sites/copy/operationresults/");
    const { operation } = await operationOf(answer.headers["location"], { ...shop, name: "copy" });
    expect(operation.request).toMatchObject({ backup: 1, backupSite: shop, configuration: true });
    expect(given.sites.has(siteKey({ ...shop, name: "copy" }))).toBe(true);
  });

  it.each([
    { siteName: "copy(staging)", target: { ...shop, name: "copy", slot: "staging" } },
    { siteName: "shop(staging)", target: { ...shop, slot: "staging" } },
    { siteName: "copy(Production)", target: { ...shop, name: "copy" } },
  ])("restores to the site that siteName means: $siteName", async ({ siteName, target }) => {
    await backedUp("nightly");
    content = "missing";
    const answer = await restore({ storageAccountUrl: sas, blobName: "nightly", siteName });
    expect(answer.status).toBe(202);
    expect((await operationOf(answer.headers["location"], target)).operation.status).toBe("InProgress");
  });

  it("means the path's slot when siteName is its app", async () => {
    await backedUp("nightly");
    content = "empty";
    const answer = await ask("POST", `${shopPath}/slots/stg/backups/0/restore`, {
      body: { properties: { storageAccountUrl: sas, blobName: "nightly", siteName: "shop" } },
    });
    expect(answer.headers["location"]).toContain("/sites/shop/slots/stg/operationresults/");
  });

  it("does the same at restoreFromBackupBlob", async () => {
    await backedUp("nightly");
    const answer = await ask("POST", `${shopPath}/restoreFromBackupBlob`, {
      body: { properties: { storageAccountUrl: sas, blobName: "nightly.zip", overwrite: true } },
    });
    expect(answer.status).toBe(202);
  });

  it("carries the own fields, and the recovery key only sealed", async () => {
    await backedUp("nightly");
    const answer = await restore({
      overwrite: true,
      blobName: "nightly",
      paths: ["site/wwwroot/images"],
      recoverConfiguration: "True",
      quick: true,
      allowOutsideLinks: true,
      adjustConnectionStrings: "true",
      allowUnknownDumps: "True",
      recoveryKey: "planted-recovery-key",
    });
    const { operation } = await operationOf(answer.headers["location"]);
    expect(operation.request).toMatchObject({
      paths: ["site/wwwroot/images"],
      configuration: true,
      quick: true,
      allowOutsideLinks: true,
      adjustConnectionStrings: true,
      allowUnknownDumps: true,
    });
    expect(JSON.stringify(operation)).not.toContain("planted");
    expect(operation.recoveryKey).toBeDefined();
  });

  it.each([
    ["a site that exists and is not empty, without overwrite", { blobName: "nightly" }, 409, /overwrite/],
    ["a backup that failed", { blobName: "broken", overwrite: true }, 409, /Failed/],
    [
      "a site that is not there, with overwrite",
      { blobName: "nightly", overwrite: true, siteName: "nope" },
      404,
      /nope/,
    ],
    ["a name that is no site's", { blobName: "nightly", siteName: "../etc" }, 400, /siteName/],
    ["a blob outside the container", { blobName: "../x", overwrite: true }, 400, /blobName/],
    ["a database without a type", { blobName: "nightly", overwrite: true, databases: [{}] }, 400, /databases/],
    [
      "the restore of a snapshot",
      { blobName: "nightly", overwrite: true, operationType: "Snapshot" },
      400,
      /operationType/,
    ],
    ["paths that are no list", { blobName: "nightly", overwrite: true, paths: "x" }, 400, /paths/],
    ["a URL that is none", { blobName: "n", storageAccountUrl: "planted" }, 400, /storageAccountUrl/],
    ["a backup nobody named", {}, 404, /Backup 0/],
  ])("refuses %s", async (_, wish, status, says) => {
    await backedUp("nightly");
    await backedUp("broken", "Failed");
    const answer = await restore(wish);
    expect({ status: answer.status, message: answer.json()["Message"] }).toEqual({
      status,
      message: expect.stringMatching(says),
    });
    expect(answer.text).not.toContain("planted");
    expect(given.started).toEqual([]);
  });

  it("never makes a directory of a name that leaves the place for sites", async () => {
    await backedUp("nightly");
    const answer = await ask("POST", `${shopPath.replace("shop", "a%2F..%2Fb")}/backups/0/restore`, {
      body: { properties: { storageAccountUrl: sas, blobName: "nightly" } },
    });
    expect(answer.status).toBe(400);
    expect([...given.sites.keys()]).toEqual([siteKey(shop)]);
  });

  it("needs an operator", async () => {
    expect((await restore({}, { as: "reader" })).status).toBe(403);
    expect((await ask("POST", `${shopPath}/undo`, { as: "reader" })).status).toBe(403);
  });
});

describe("polling", () => {
  const begun = async () => {
    await backedUp("nightly");
    const { headers } = await restore({ storageAccountUrl: sas, blobName: "nightly", overwrite: true });
    return { location: headers["location"] ?? "", operation: await operationOf(headers["location"]) };
  };

  it("answers 202 with the same Location until it is done, and the site then, again and again", async () => {
    const { location, operation } = await begun();
    const poll = await ask("GET", location, { as: "reader" });
    expect(poll).toMatchObject({ status: 202, text: "", headers: { location } });
    await end(operation, { status: "Succeeded" });
    for (let time = 0; time < 2; time++) {
      const done = await ask("GET", location);
      expect(done.status).toBe(200);
      expect(done.headers["location"]).toBeUndefined();
      expect(done.json()).toMatchObject({
        id: shopPath,
        type: "Microsoft.Web/sites",
        properties: { name: "shop", state: "Running", resourceGroup: "g" },
      });
    }
  });

  it("tells a failure as 409 in both error forms, with the reason", async () => {
    const { location, operation } = await begun();
    await end(operation, { status: "Failed", log: "The disk is full." });
    const answer = await ask("GET", location);
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({
      Code: "ResourceOperationFailure",
      Message: "The disk is full.",
      error: { code: "ResourceOperationFailure", message: "The disk is full." },
    });
  });

  it("starts a run again whose process died before it could, and only then", async () => {
    const { location, operation } = await begun();
    await ask("GET", location);
    expect(given.started).toHaveLength(1);
    given.clock.time = new Date("2026-11-21T12:01:00Z");
    await ask("GET", location);
    expect(given.started.map(({ run }) => run)).toEqual([operation.operation.run, operation.operation.run]);
    await end(await operationOf(location), { status: "Succeeded" });
    await ask("GET", location);
    expect(given.started).toHaveLength(2);
  });

  it("does not know an operation that never was", async () => {
    await backedUp("nightly");
    expect((await ask("GET", `${shopPath}/operationresults/00000000-0000`)).status).toBe(404);
    expect((await ask("GET", `${shopPath}/operationresults/a%20b`)).status).toBe(400);
  });

  it("tells kind, status and log in words, also of a failure", async () => {
    const { operation } = await begun();
    await end(operation, { status: "Failed", log: "The disk is full." });
    const answer = await ask("GET", `${shopPath}/operations/${operation.operation.id}`);
    expect(answer.json()["properties"]).toMatchObject({
      kind: "restore",
      status: "Failed",
      log: "The disk is full.",
      blobName: "nightly.zip",
      progress: null,
    });
  });
});

describe("cancelling an operation", () => {
  const begun = async () => {
    await backedUp("nightly");
    const answer = await restore({ storageAccountUrl: sas, blobName: "nightly", overwrite: true });
    return operationOf(answer.headers["location"]);
  };

  it("answers at once with the operation, which is in progress until its run has noticed", async () => {
    const { operation } = await begun();
    const path = `${shopPath}/operations/${operation.id}`;
    expect((await ask("DELETE", path, { as: "reader" })).status).toBe(403);
    const answer = await ask("DELETE", path, { as: "operator" });
    expect(answer.status).toBe(200);
    expect(answer.json()["properties"]).toMatchObject({
      kind: "restore",
      status: "InProgress",
      cancelled: given.clock.time.toISOString(),
    });
    expect((await readSiteRow(deps.catalog, shop)).run?.id).toBe(operation.run);
  });

  it("is a conflict once it has ended", async () => {
    const found = await begun();
    await end(found, { status: "Succeeded" });
    const answer = await ask("DELETE", `${shopPath}/operations/${found.operation.id}`);
    expect(answer.status).toBe(409);
    expect(answer.json()["Message"]).toBe("The restore of shop cannot be cancelled: it has ended.");
  });
});

describe("undo", () => {
  const undoable = (until: string) =>
    changeSite(deps.catalog, shop, (row) => ({
      row: { ...row, undo: { run: "restore-1", operation: "o1", until } },
      result: undefined,
    }));

  it("starts like a restore, of the run whose replaced content is kept", async () => {
    await backedUp("nightly");
    await undoable("2026-11-24T12:00:00Z");
    const answer = await ask("POST", `${shopPath}/undo`);
    expect(answer.status).toBe(202);
    const { operation } = await operationOf(answer.headers["location"]);
    expect(operation).toMatchObject({ kind: "undo", undoOf: "restore-1" });
    expect(given.started).toMatchObject([{ workflow: "undoRestore", run: operation.run }]);
  });

  it("is refused when there is nothing to put back, or it is no longer kept", async () => {
    await backedUp("nightly");
    expect((await ask("POST", `${shopPath}/undo`)).status).toBe(409);
    await undoable("2026-11-20T12:00:00Z");
    const answer = await ask("POST", `${shopPath}/undo`);
    expect(answer.json()["Message"]).toContain("2026-11-20");
  });
});
