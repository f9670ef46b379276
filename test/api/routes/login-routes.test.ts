import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { unchangingKeys } from "../../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../../src/adapters/secrets/sealed.ts";
import { configuredSealingKeys } from "../../../src/adapters/secrets/sealing-keys.ts";
import { accessTokens } from "../../../src/api/callers/access-tokens.ts";
import { createCallers } from "../../../src/api/callers/callers.ts";
import { createApi, type Route } from "../../../src/api/handle.ts";
import { json } from "../../../src/api/response.ts";
import { openRoutes } from "../../../src/api/routes.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { hashKey, type KeyFingerprint, type KnownKey } from "../../../src/operations/keys/known-keys.ts";
import { unwatched } from "../../support/api.ts";
import { memoryInstallation } from "../../support/installation.ts";

const keyOf = (id: string, secret: string): KnownKey => ({
  id,
  name: id,
  role: "operator",
  reach: "all",
  sha256: hashKey(secret),
});
const sealing = `new:${randomBytes(32).toString("base64")}`;
const { call } = memoryInstallation();
const whoami: Route = {
  name: "whoami",
  method: "GET",
  path: "/whoami",
  role: "reader",
  handle: async ({ caller }) => json(200, { caller }),
};

let now: number;
let keys: KnownKey[];
beforeEach(() => {
  now = Date.parse("2026-11-21T12:00:00Z");
  keys = [keyOf("robot", "robot-secret"), keyOf("other", "other-secret")];
});

/** One instance of the service; all of them share `keys`. */
const instance = (sealingKeys = sealing) => {
  const clock = { now: () => new Date(now) };
  const sealer = keySealer(unchangingKeys(configuredSealingKeys(new Secret(sealingKeys), "a test")));
  const tokens = accessTokens({ sealer, clock });
  const shared = {
    withFingerprint: async (meant: KeyFingerprint) =>
      keys.find(({ id, sha256 }) => id === meant.id && sha256 === meant.sha256),
    withSecret: async (secret: string) => keys.find(({ sha256 }) => sha256 === hashKey(secret)),
    noteUse: async () => undefined,
    forget: () => undefined,
  };
  const callers = createCallers({ keys: shared, tokens, clock, proxies: [] });
  const api = createApi({ ...unwatched, routes: [whoami], openRoutes: openRoutes({ callers, tokens }), callers });
  return async (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = "") => {
    const url = new URL(path, "https://lifeboat.example:7443");
    const request = { method, url, headers: new Headers(headers), text: async () => body };
    const { status, headers: told, body: text } = await api(request, call);
    // A test reads what it expects of it.
    return {
      status,
      headers: told,
      json: JSON.parse(typeof text === "string" ? text : "{}") as Record<string, string>,
    };
  };
};

const form = (values: Readonly<Record<string, string>>): string =>
  new URLSearchParams({ grant_type: "client_credentials", ...values }).toString();
const good = form({ client_id: "robot", client_secret: "robot-secret", scope: "https://x/.default" });
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

const login = async (ask = instance()): Promise<string> => {
  const { json: told } = await ask("POST", "/adfs/oauth2/token", {}, good);
  return told["access_token"] ?? "";
};
const asks = async (token: string, ask = instance()) =>
  ask("GET", "/whoami?api-version=2025-05-01", { authorization: `Bearer ${token}` });

describe("a login with a key", () => {
  it.each(["/adfs/.well-known/openid-configuration", "/adfs/adfs/.well-known/openid-configuration"])(
    "is found by the document that clients look for at %s",
    async (path) => {
      expect(await instance()("GET", path)).toMatchObject({
        status: 200,
        json: {
          issuer: "https://lifeboat.example:7443/adfs",
          authorization_endpoint: expect.any(String),
          token_endpoint: "https://lifeboat.example:7443/adfs/oauth2/token",
          device_authorization_endpoint: expect.any(String),
        },
      });
    },
  );

  it.each([
    ["in the form", {}, good],
    ["as Basic", basic("robot", "robot-secret"), form({})],
  ])("gets a token for an hour, with its id and secret %s", async (_, headers, body) => {
    const answer = await instance()("POST", "/adfs/oauth2/token", headers, body);
    expect(answer).toMatchObject({
      status: 200,
      headers: { "cache-control": "no-store" },
      json: { token_type: "Bearer", expires_in: 3_600 },
    });
    expect(await asks(answer.json["access_token"] ?? "")).toMatchObject({ status: 200, json: { caller: "robot" } });
  });

  it.each([
    ["another key's secret", form({ client_id: "robot", client_secret: "other-secret" }), 401, "invalid_client"],
    ["no secret", form({ client_id: "robot" }), 401, "invalid_client"],
    ["no id", form({ client_secret: "robot-secret" }), 401, "invalid_client"],
    ["another grant", form({ grant_type: "password" }), 400, "unsupported_grant_type"],
    ["nothing at all", "", 400, "unsupported_grant_type"],
  ])("is refused in OAuth's own words for %s", async (_, body, status, error) => {
    expect(await instance()("POST", "/adfs/oauth2/token", {}, body)).toMatchObject({ status, json: { error } });
  });
});

describe("a managed identity's endpoint", () => {
  it.each([
    ["GET", "/msi/token?resource=https://x/&api-version=2019-08-01", { "x-identity-header": "robot-secret" }, ""],
    ["GET", "/msi/token/?resource=https://x/&api-version=2017-09-01", { secret: "robot-secret" }, ""],
    ["POST", "/msi/token", basic("robot", "robot-secret"), "resource=https%3A%2F%2Fx%2F"],
  ])("gives %s %s a token", async (method, path, headers, body) => {
    const answer = await instance()(method, path, headers, body);
    expect(answer).toMatchObject({
      status: 200,
      json: {
        token_type: "Bearer",
        resource: "https://x/",
        expires_in: "3600",
        expires_on: String(now / 1_000 + 3_600),
      },
    });
    const token = answer.json["access_token"] ?? "";
    expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
      oid: "robot",
      tid: expect.any(String),
    });
    expect((await asks(token)).status).toBe(200);
  });

  it.each([
    ["who has no key", {}],
    ["who has a wrong one", { "x-identity-header": "wrong" }],
    ["who only says that it is for metadata", { metadata: "true" }],
    ["an id with another key's secret", basic("robot", "other-secret")],
  ])("gives nothing to %s", async (_, headers) => {
    expect((await instance()("GET", "/msi/token?resource=x", headers)).status).toBe(401);
  });
});

describe("a token", () => {
  it("is taken by every instance with the same sealing keys, also behind a newer one, and by no other", async () => {
    const token = await login();
    const rotated = `newer:${randomBytes(32).toString("base64")},${sealing}`;
    expect((await asks(token, instance())).status).toBe(200);
    expect((await asks(token, instance(rotated))).status).toBe(200);
    expect((await asks(token, instance(`new:${randomBytes(32).toString("base64")}`))).status).toBe(401);
    expect((await asks(token, instance(`else:${randomBytes(32).toString("base64")}`))).status).toBe(401);
  });

  it("ends after its hour, and is not taken before its time", async () => {
    const token = await login();
    now += 3_599_000;
    expect((await asks(token)).status).toBe(200);
    now += 2_000;
    expect((await asks(token)).status).toBe(401);
    now -= 2 * 3_600_000;
    expect((await asks(token)).status).toBe(401);
  });

  it("ends with its key, also when another one takes over its id", async () => {
    const token = await login();
    keys = keys.filter(({ id }) => id !== "robot");
    expect((await asks(token)).status).toBe(401);
    keys.push(keyOf("robot", "another-secret"));
    expect((await asks(token)).status).toBe(401);
  });

  it("has the role, the limits and the end of its key as they are now", async () => {
    const token = await login();
    const only = (changes: Partial<KnownKey>) => void (keys = [{ ...keyOf("robot", "robot-secret"), ...changes }]);
    only({ reach: [{ subscription: "s" }] });
    // The operation is of no site, and for nobody who is limited.
    expect((await asks(token)).status).toBe(403);
    only({ expires: new Date(now + 1_000).toISOString() });
    expect((await asks(token)).status).toBe(200);
    now += 1_000;
    const { status, json: told } = await asks(token);
    expect([status, told["Message"]]).toEqual([401, expect.stringContaining("robot expired on")]);
    expect((await instance()("POST", "/adfs/oauth2/token", {}, good)).json["error"]).toBe("invalid_client");
  });

  it("that ends says so, for whoever has to log in again", async () => {
    const token = await login();
    now += 3_601_000;
    expect((await asks(token)).json["Message"]).toContain("has ended. Log in again");
    now -= 3_601_000;
    keys = [];
    expect((await asks(token)).json["Message"]).toContain("is gone. Log in again");
  });

  it("is refused with any claim changed, another's seal, or none", async () => {
    const token = await login();
    const [head = "", body = "", seal = ""] = token.split(".");
    const claims: object = JSON.parse(Buffer.from(body, "base64url").toString());
    const altered = (changes: object): string =>
      Buffer.from(JSON.stringify({ ...claims, ...changes })).toString("base64url");
    const second = (await login()).split(".");
    for (const forged of [
      `${head}.${altered({ sub: "other" })}.${seal}`,
      `${head}.${altered({ exp: 9_999_999_999 })}.${seal}`,
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`,
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.${seal}`,
      `${head}.${body}.${second[2]}`,
      `${head}.${body}.${seal}x`,
      `${head}.${body}`,
      `${token}.more`,
      "..",
      "a.b.c",
    ])
      expect((await asks(forged)).status).toBe(401);
    expect((await asks(token)).status).toBe(200);
  });
});
