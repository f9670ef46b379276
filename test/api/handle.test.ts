import { describe, expect, it } from "vitest";
import { accessTokens } from "../../src/api/callers/access-tokens.ts";
import { createApi, type Route } from "../../src/api/handle.ts";
import { openRoutes } from "../../src/api/routes.ts";
import { json } from "../../src/api/response.ts";
import { refuse } from "../../src/domain/errors.ts";
import { hashKey } from "../../src/operations/keys/known-keys.ts";
import type { WorkflowRunner } from "../../src/ports/workflow-runner.ts";
import { callersOf, unwatched } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";

const events: string[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (event: string, fields?: object) => void events.push(`${event} ${JSON.stringify(fields)}`),
};
// No route here starts a run.
const runner: WorkflowRunner = {
  start: () => Promise.reject(new Error("unexpected")),
  state: () => Promise.resolve(undefined),
  terminate: () => Promise.resolve(),
  purge: () => Promise.resolve(),
  purgeEnded: () => Promise.resolve(0),
};

const routes: readonly Route[] = [
  {
    name: "echo",
    method: "POST",
    path: "{site}/echo/{word}",
    role: "reader",
    handle: async (call) => json(200, { site: call.site(), word: call.parameters["word"], body: await call.body() }),
  },
  { name: "admin", method: "GET", path: "/admins", role: "admin", handle: async () => json(200, {}) },
  {
    name: "mine",
    method: "GET",
    path: "/mine",
    role: "reader",
    mindsReach: true,
    handle: async () => json(200, {}),
  },
  {
    name: "refused",
    method: "GET",
    path: "/refused",
    role: "reader",
    handle: () => Promise.reject(refuse("BackupNotFound", { backup: 7, site: "shop" })),
  },
  {
    name: "broken",
    method: "GET",
    path: "/broken",
    role: "reader",
    handle: () => Promise.reject(new Error("inner detail")),
  },
];

const keys = [
  { id: "root", name: "root", reach: "all" as const, role: "admin" as const, sha256: hashKey("root-secret") },
  { id: "eye", name: "eye", reach: "all" as const, role: "reader" as const, sha256: hashKey("eye-secret") },
  {
    id: "shops",
    name: "shops",
    role: "admin" as const,
    reach: [{ subscription: "s", resourceGroup: "rg", name: "shop" }],
    sha256: hashKey("shops-secret"),
  },
];
const tokens = accessTokens(memoryInstallation().deps);
const callers = callersOf(keys);
const api = createApi({ ...unwatched, routes, openRoutes: openRoutes({ callers, tokens }), callers });

const ask = async (method: string, path: string, { body = "", headers = {} as Record<string, string> } = {}) => {
  const given = new Headers({ authorization: "Bearer root-secret", ...headers });
  const request = { method, url: new URL(path, "http://host"), headers: given, text: () => Promise.resolve(body) };
  const response = await api(request, { requestId: "r", runner, log });
  return {
    ...response,
    json:
      typeof response.body === "string" && response.body !== ""
        ? (JSON.parse(response.body) as Record<string, unknown>)
        : {},
  };
};

const site = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Web/sites/Shop";

describe("the API", () => {
  it("ignores the case of paths, a trailing slash and the slot production, and keeps the caller's own casing", async () => {
    const path = `${site.toUpperCase().replace("SHOP", "Shop")}/SLOTS/Production/Echo/Hi%20there/?API-VERSION=2015-08-01`;
    const answer = await ask("POST", path, { body: '{"a":1}' });
    expect(answer.json).toEqual({
      site: { subscription: "S", resourceGroup: "RG", name: "Shop" },
      word: "Hi there",
      body: { a: 1 },
    });
  });

  it("takes no body for an empty object", async () => {
    expect((await ask("POST", `${site}/echo/x?api-version=1`)).json["body"]).toEqual({});
  });

  it("says where a body is not JSON, and does not repeat it", async () => {
    const answer = await ask("POST", `${site}/echo/x?api-version=1`, { body: '{\n  "sig": planted }' });
    expect(answer.status).toBe(400);
    expect(answer.body).not.toContain("planted");
  });

  it("requires an api-version and takes any", async () => {
    const answer = await ask("POST", `${site}/echo/x`);
    expect(answer.status).toBe(400);
    expect(answer.json["error"]).toMatchObject({ code: "MissingApiVersionParameter" });
  });

  it.each([
    {},
    { authorization: "Bearer wrong" },
    { authorization: "Bearer " },
    { authorization: "Basic root-secret" },
  ])("asks for a key: %j", async (headers) => {
    const answer = await ask("GET", "/admins?api-version=1", { headers: { authorization: "", ...headers } });
    expect(answer.status).toBe(401);
  });

  it("takes a key in a header of its own", async () => {
    expect(
      (await ask("GET", "/admins?api-version=1", { headers: { authorization: "", "x-lifeboat-key": "root-secret" } }))
        .status,
    ).toBe(200);
  });

  it("lets nobody do more than his role allows, and names the role", async () => {
    const answer = await ask("GET", "/admins?api-version=1", { headers: { authorization: "Bearer eye-secret" } });
    expect(answer.status).toBe(403);
    expect(answer.json["Message"]).toContain("admin");
  });

  describe("for somebody limited to a site", () => {
    const headers = { authorization: "Bearer shops-secret" };

    it("does what he asks of that site and its slots", async () => {
      expect((await ask("POST", `${site}/echo/x?api-version=1`, { headers })).status).toBe(200);
      expect((await ask("POST", `${site}/slots/staging/echo/x?api-version=1`, { headers })).status).toBe(200);
    });

    it("refuses every other site by name, and says that the sites are the reason, not the role", async () => {
      const answer = await ask("POST", `${site}2/echo/x?api-version=1`, { headers });
      expect(answer.status).toBe(403);
      expect(answer.json["Message"]).toBe("shops may not touch Shop2: it is limited to other sites.");
    });

    it("refuses what concerns no site, unless that minds his reach", async () => {
      const answer = await ask("GET", "/admins?api-version=1", { headers });
      expect(answer.status).toBe(403);
      expect(answer.json["Message"]).toContain("limited to some sites");
      expect((await ask("GET", "/mine?api-version=1", { headers })).status).toBe(200);
    });
  });

  it("tells a refusal in both of ARM's error forms", async () => {
    const answer = await ask("GET", "/refused?api-version=1");
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ Code: "NotFound", error: { code: "NotFound" } });
    expect(answer.json["Message"]).toContain("Backup 7 of shop");
  });

  it("keeps the cause of its own failure for the log, under the request's id", async () => {
    const answer = await ask("GET", "/broken?api-version=1");
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("inner detail");
    expect(events.at(-1)).toContain(answer.headers["x-ms-request-id"] ?? "none");
  });

  it("answers what it does not know with 404 in ARM's form", async () => {
    const answer = await ask("GET", "/nowhere?api-version=1");
    expect(answer.status).toBe(404);
    expect(answer.json["Message"]).toContain("GET /nowhere");
  });

  it("echoes the client's request id", async () => {
    const answer = await ask("GET", "/nowhere", { headers: { "x-ms-client-request-id": "mine" } });
    expect(answer.headers).toMatchObject({ "x-ms-client-request-id": "mine", "cache-control": "no-cache" });
  });

  it("is alive without a key", async () => {
    expect((await ask("GET", "/healthz", { headers: { authorization: "" } })).status).toBe(200);
  });
});
