import { createApi, type OpenRoute, type Route } from "../../src/api/handle.ts";
import { createCallers } from "../../src/api/callers/callers.ts";
import type { Role } from "../../src/domain/caller.ts";
import { MemoryCatalog } from "./memory-catalog.ts";
import { hashKey, knownKeys, type KnownKey } from "../../src/operations/keys/known-keys.ts";
import type { Call } from "../../src/ports/call.ts";
import type { Clock } from "../../src/ports/clock.ts";

const roles: readonly Role[] = ["reader", "operator", "admin"];
const keys = roles.map((role) => ({
  id: role,
  name: role,
  role,
  reach: "all" as const,
  sha256: hashKey(`${role}-secret`),
}));

/** Callers that are known by these keys alone. */
export const callersOf = (fixed: readonly KnownKey[], clock: Clock = { now: () => new Date() }) =>
  createCallers({
    keys: knownKeys({ catalog: new MemoryCatalog(), clock, fixed, warn: () => undefined }),
    tokens: { read: async () => undefined },
    clock,
    proxies: [],
  });

/** For tests that are not about what is kept of a call. */
export const unwatched = { audit: { record: async () => undefined }, clock: { now: () => new Date() } };

interface Ask {
  readonly as?: Role;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: string;
}

/** The API in this process, over routes of a test: `ask("GET", "/...")`. */
export const apiOver = (
  routes: readonly Route[],
  { runner, log }: Pick<Call, "runner" | "log">,
  openRoutes: readonly OpenRoute[] = [],
) => {
  const api = createApi({ ...unwatched, routes, openRoutes, callers: callersOf(keys) });
  return async (
    method: string,
    path: string,
    { as = "admin", body, headers = {}, version = "2025-05-01" }: Ask = {},
  ) => {
    const url = new URL(path, "https://lifeboat.example:7443");
    if (![...url.searchParams.keys()].some((name) => name.toLowerCase() === "api-version"))
      url.searchParams.set("api-version", version);
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
    const given = new Headers({ authorization: `Bearer ${as}-secret`, ...headers });
    const request = { method, url, headers: given, text: () => Promise.resolve(text) };
    const response = await api(request, { requestId: "r", runner, log });
    const bytes = await bytesOf(response.body);
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text: bytes.toString("utf8"),
      // A test reads what it expects of it.
      json: () => JSON.parse(bytes.toString("utf8")) as Record<string, never>,
    };
  };
};

const bytesOf = async (body: string | AsyncIterable<Uint8Array> | undefined): Promise<Buffer> => {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
};

/** The resource id that `shop` of test/support/installation.ts has. */
export const shopPath = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop";
