import { beforeEach, describe, expect, it } from "vitest";
import { createApi, type Route } from "../../src/api/handle.ts";
import { json, empty } from "../../src/api/response.ts";
import { refuse } from "../../src/domain/errors.ts";
import { routes } from "../../src/api/routes.ts";
import { hashKey } from "../../src/operations/keys/known-keys.ts";
import type { AuditEntry } from "../../src/ports/audit.ts";
import { callersOf, shopPath } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";

const keys = (["reader", "operator", "admin"] as const).map((role) => ({
  id: role,
  name: role,
  role,
  reach: "all" as const,
  sha256: hashKey(`${role}-secret`),
}));

let kept: AuditEntry[];
let given: ReturnType<typeof memoryInstallation>;
beforeEach(() => {
  kept = [];
  given = memoryInstallation();
});

const asking = (table: readonly Route[]) => {
  const audit = { record: async (entry: AuditEntry) => void kept.push(entry) };
  const api = createApi({ routes: table, openRoutes: [], callers: callersOf(keys), audit, clock: given.deps.clock });
  return async (method: string, path: string, { as = "admin", body = {} }: { as?: string; body?: object } = {}) => {
    const url = new URL(`${path}?api-version=2024-11-01`, "http://localhost");
    const headers = new Headers({ authorization: `Bearer ${as}-secret`, "x-forwarded-for": "192.0.2.1" });
    return api({ method, url, headers, text: async () => JSON.stringify(body) }, given.call);
  };
};

describe("what is kept of a call", () => {
  it("is who, from where, what, which site, and the result", async () => {
    const answer = await asking(routes(given.deps))("POST", `${shopPath}/backup`, { as: "operator" });
    expect(kept).toEqual([
      {
        at: "2026-11-21T12:00:00.000Z",
        request: answer.headers["x-ms-request-id"],
        caller: { kind: "key", id: "operator", name: "operator", role: "operator" },
        source: "192.0.2.1",
        operation: "createBackup",
        site: shopPath,
        facts: { backup: 1, destination: "file:///backups/shop", blob: expect.stringContaining("shop") },
        result: "done",
        status: 200,
      },
    ]);
  });

  it("tells of a restore which archive comes over which site", async () => {
    const body = { properties: { blobName: "kept.zip", overwrite: true, storageAccountUrl: "file:///backups/shop" } };
    await asking(routes(given.deps))("POST", `${shopPath}/restoreFromBackupBlob`, { body });
    expect(kept.map(({ facts, status }) => [facts, status])).toEqual([
      [
        {
          operation: expect.any(String),
          target: shopPath,
          destination: "file:///backups/shop",
          blob: "kept.zip",
          overwrite: true,
        },
        202,
      ],
    ]);
  });

  it("is kept also of what was refused, with the reason's name", async () => {
    await asking(routes(given.deps))("DELETE", `${shopPath}/backups/7`, { as: "reader" });
    await asking(routes(given.deps))("DELETE", `${shopPath}/backups/7`);
    expect(kept.map(({ caller, facts, result, status, code }) => [caller.id, facts, result, status, code])).toEqual([
      ["reader", { backupId: "7" }, "refused", 403, "CallerNotAllowed"],
      ["admin", { backupId: "7" }, "refused", 404, "BackupNotFound"],
    ]);
  });

  it("tells a failure of ours from a refusal, and a start from an end", async () => {
    const route = (name: string, handle: Route["handle"]): Route => ({
      name,
      method: "POST",
      path: `/${name}`,
      role: "reader",
      handle,
    });
    const ask = asking([
      route("breaks", () => Promise.reject(new Error("inner"))),
      route("refuses", () => Promise.reject(refuse("NothingToUndo", { site: "shop", reason: "" }))),
      route("starts", async () => empty(202)),
      route("ends", async ({ note }) => (note({ more: 1 }), json(200, {}))),
    ]);
    for (const path of ["/breaks", "/refuses", "/starts", "/ends"]) await ask("POST", path);
    expect(kept.map(({ operation, result, code, facts }) => [operation, result, code, facts])).toEqual([
      ["breaks", "failed", "Internal", {}],
      ["refuses", "refused", "NothingToUndo", {}],
      ["starts", "started", undefined, {}],
      ["ends", "done", undefined, { more: 1 }],
    ]);
  });

  it("is kept of keys with their names and roles, and without their secrets", async () => {
    const ask = asking(routes(given.deps));
    const answer = await ask("PUT", "/providers/Lifeboat/keys/nightly", { body: { properties: { role: "reader" } } });
    await ask("DELETE", "/providers/Lifeboat/keys/nightly");
    expect(kept.map(({ operation, facts, status }) => [operation, facts, status])).toEqual([
      ["createKey", { keyId: "nightly", role: "reader", sites: null, expires: null }, 201],
      ["revokeKey", { keyId: "nightly" }, 200],
    ]);
    const { properties }: { properties: { secret: string } } = JSON.parse(
      typeof answer.body === "string" ? answer.body : "",
    );
    expect(properties.secret).toMatch(/^lb_nightly_/);
    expect(JSON.stringify(kept)).not.toContain(properties.secret);
  });

  it("tells of a configuration where the backups go, without the secret that opens it", async () => {
    const storageAccountUrl = "https://acct.blob.core.windows.net/backups?se=2027-01-01&sp=rwdl&sr=c&sig=planted";
    await asking(routes(given.deps))("PUT", `${shopPath}/config/backup`, {
      body: { properties: { storageAccountUrl } },
    });
    expect(kept.map(({ facts }) => facts)).toEqual([
      { enabled: true, destination: "https://acct.blob.core.windows.net/backups" },
    ]);
  });

  it("is kept of secrets that were shown, and not of blanks", async () => {
    const ask = asking(routes(given.deps));
    await ask("PUT", `${shopPath}/config/backup`, { body: { properties: { backupName: "x" } } });
    kept.length = 0;
    for (const as of ["reader", "operator", "admin"]) await ask("POST", `${shopPath}/config/backup/list`, { as });
    expect(kept.map(({ operation, caller }) => [operation, caller.id])).toEqual([
      ["listBackupConfigurationSecrets", "admin"],
    ]);
  });

  it("is kept of every operation that may change something or hands out contents, and of no other", () => {
    const table = routes(given.deps);
    const changing = table.filter(({ method, reads }) => method !== "GET" && reads === undefined);
    const contents = table.filter(({ method, role }) => method === "GET" && role === "operator");
    // What only reads says so itself: a route that is new and forgets it is kept.
    expect(table.filter(({ reads }) => reads !== undefined).map(({ name, reads }) => `${name}: ${reads}`)).toEqual([
      "listApplicationSettings: secrets",
      "listConnectionStrings: secrets",
      "listStorageAccounts: plain",
      "listPublishingProfiles: plain",
      "listSiteBackups: plain",
      "listBackupConfigurationSecrets: secrets",
      "planRestore: plain",
      "planRestoreFromBackupBlob: plain",
    ]);
    expect(contents.map(({ name }) => name)).toEqual(expect.arrayContaining(["readBackupFile", "downloadBackup"]));
    expect(changing.length).toBeGreaterThan(15);
  });
});
