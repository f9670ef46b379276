import { beforeEach, describe, expect, it } from "vitest";
import { MemoryCatalog } from "../../support/memory-catalog.ts";
import { createCallers } from "../../../src/api/callers/callers.ts";
import { openRoutes } from "../../../src/api/routes.ts";
import { createApi } from "../../../src/api/handle.ts";
import { refuse } from "../../../src/domain/errors.ts";
import { hashKey, knownKeys } from "../../../src/operations/keys/known-keys.ts";
import { createKey, getKey } from "../../../src/operations/keys/manage-keys.ts";
import type { Tokens } from "../../../src/ports/tokens.ts";
import { unwatched } from "../../support/api.ts";
import { memoryInstallation } from "../../support/installation.ts";

const { call } = memoryInstallation();
let now: number;
const clock = { now: () => new Date(now) };
const later = (ms: number): void => void (now += ms);

/** Entra ID as far as it matters here: what it is asked, and whether it is told to spare the authority. */
let searches: boolean[];
const foreign: Tokens = {
  callerOf: async (token, { search }) => {
    searches.push(search);
    if (token === "forged") throw refuse("TokenRefused", { reason: "its signature is not right." });
    if (token === "roleless") throw refuse("CallerWithoutRole", { caller: "Ada" });
    if (token === "undecided") throw refuse("Unavailable", { reason: "the keys cannot be read." });
    return token === "good" ? { kind: "token", id: "oid", name: "Ada", role: "reader", reach: "all" } : undefined;
  },
};

let api: ReturnType<typeof createApi>;
let keys: ReturnType<typeof knownKeys>;
let catalog: MemoryCatalog;
beforeEach(() => {
  now = Date.parse("2026-11-21T12:00:00Z");
  searches = [];
  catalog = new MemoryCatalog();
  const fixed = [{ id: "admin", name: "admin", role: "admin", reach: "all", sha256: hashKey("admin-secret") }] as const;
  keys = knownKeys({ catalog, clock, fixed, warn: () => undefined });
  const tokens = {
    read: async () => undefined,
    issue: () => Promise.reject(new Error("nobody logs in here")),
  };
  const callers = createCallers({ keys, tokens, foreign, clock, proxies: ["10.0.0.1"] });
  const { deps } = memoryInstallation();
  api = createApi({ ...unwatched, routes: [], openRoutes: openRoutes({ ...deps, callers, tokens }), callers });
});

/** 404 is "let in": there are no routes here. */
const ask = async (
  secret: string,
  forwarded = "192.0.2.1",
  header: "authorization" | "x-lifeboat-key" = "authorization",
) => {
  const value = header === "authorization" ? `Bearer ${secret}` : secret;
  const headers = new Headers({ [header]: value, "x-forwarded-for": forwarded });
  const url = new URL("http://localhost/nothing?api-version=2024-11-01");
  const { status, headers: told, body } = await api({ method: "GET", url, headers, text: async () => "" }, call);
  return { status, retryAfter: told["retry-after"], login: told["www-authenticate"], body };
};
const statuses = async (count: number, secret: string, forwarded?: string) => {
  const seen: number[] = [];
  for (let time = 0; time < count; time++) seen.push((await ask(secret, forwarded)).status);
  return seen;
};

describe("a caller", () => {
  it.each(["authorization", "x-lifeboat-key"] as const)("shows a key in %s", async (header) => {
    expect((await ask("admin-secret", "192.0.2.1", header)).status).toBe(404);
    expect((await ask("admin-secreT", "192.0.2.1", header)).status).toBe(401);
  });

  it("shows a token of Entra ID as bearer", async () => {
    expect((await ask("good")).status).toBe(404);
  });

  it("without anything is told how to log in, and that is no failure", async () => {
    for (let time = 0; time < 20; time++) expect(await ask("")).toMatchObject({ status: 401, login: "Bearer" });
    expect((await ask("wrong")).status).toBe(401);
  });

  it("with an expired key is told so, and that is no failure either", async () => {
    const request = { id: "brief", role: "reader", reach: "all", expires: new Date(now + 1_000) } as const;
    const { secret } = await createKey({ catalog, clock, keys })(call, request);
    expect((await ask(secret.reveal())).status).toBe(404);
    later(1_000);
    for (let time = 0; time < 20; time++) {
      const answer = await ask(secret.reveal());
      expect(answer.status).toBe(401);
      expect(answer.body).toContain("expired on 2026-11-21T12:00:01.000Z");
    }
  });

  it("without a role is known, and refused without being counted", async () => {
    expect(await statuses(20, "roleless")).toEqual(Array<number>(20).fill(403));
  });

  it("whose token cannot be judged now may come again", async () => {
    expect(await statuses(20, "undecided")).toEqual(Array<number>(20).fill(503));
  });

  it("who uses a key leaves a mark", async () => {
    const { secret } = await createKey({ catalog, clock, keys })(call, { id: "k", role: "reader", reach: "all" });
    later(3_600_000);
    await ask(secret.reveal());
    expect((await getKey({ catalog, clock, keys })(call, "k")).lastUsed).toBe("2026-11-21T13:00:00.000Z");
  });
});

describe("after ten failed logins in a minute", () => {
  const tooMany = [...Array<number>(10).fill(401), 429, 429];

  it.each(["wrong", "forged", `lb_nobody_${"A".repeat(43)}`])("a source is told to wait: %s", async (secret) => {
    expect(await statuses(12, secret)).toEqual(tooMany);
    expect((await ask(secret)).retryAfter).toBe("60");
    later(45_000);
    expect((await ask(secret)).retryAfter).toBe("15");
    later(15_000);
    expect((await ask(secret)).status).toBe(401);
  });

  it("asked all at once it is no more than ten either", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("wrong")));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(90);
  });

  it("whoever shares the source and has a right key goes on, also with one made meanwhile here", async () => {
    await statuses(12, "wrong");
    expect((await ask("admin-secret")).status).toBe(404);
    expect((await ask("good")).status).toBe(404);
    const { secret } = await createKey({ catalog, clock, keys })(call, { id: "new", role: "reader", reach: "all" });
    expect((await ask(secret.reveal())).status).toBe(404);
  });

  it("neither the catalog nor Entra ID is troubled for that source any more", async () => {
    await statuses(10, "wrong");
    searches = [];
    await statuses(5, "forged");
    expect(searches).toEqual(Array<boolean>(5).fill(false));
  });

  it("another source is not concerned", async () => {
    await statuses(12, "wrong");
    expect((await ask("wrong", "192.0.2.2")).status).toBe(401);
  });

  it("a forged x-forwarded-for helps nobody", async () => {
    const seen: number[] = [];
    for (let time = 0; time < 12; time++) seen.push((await ask("wrong", `198.51.100.${time}, 192.0.2.1`)).status);
    expect(seen).toEqual(tooMany);
    expect((await ask("wrong", "10.0.0.1, 192.0.2.1")).status).toBe(429);
  });

  it("whom a configured proxy names is counted, not the proxy", async () => {
    expect(await statuses(12, "wrong", "192.0.2.1, 10.0.0.1")).toEqual(tooMany);
    expect((await ask("wrong", "192.0.2.2, 10.0.0.1")).status).toBe(401);
  });

  it("logging in as a client is refused alike", async () => {
    const login = async (secret: string) => {
      const url = new URL("http://localhost/adfs/oauth2/token");
      const form = `grant_type=client_credentials&client_id=admin&client_secret=${secret}`;
      const headers = new Headers({ "x-forwarded-for": "192.0.2.1" });
      return (await api({ method: "POST", url, headers, text: async () => form }, call)).status;
    };
    for (let time = 0; time < 5; time++) expect(await login("wrong")).toBe(401);
    expect(await statuses(6, "wrong")).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await login("wrong")).toBe(429);
  });
});
