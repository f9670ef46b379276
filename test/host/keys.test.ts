import { beforeAll, describe, expect, inject, it } from "vitest";
import { get, post, send } from "./call.ts";
import { itHere } from "./differences.ts";

const master = inject("functionsHost").masterKey;

type KeyList = { readonly keys: readonly { readonly name: string; readonly value: string }[] };

/** The first key of a list that only the master may see. */
const keyFrom = async (path: string): Promise<string> => {
  const { keys } = (await get(path, { headers: { "x-functions-key": master } })).json<KeyList>();
  const [first] = keys;
  if (!first) throw new Error(`${path} lists no key.`);
  return first.value;
};

const keys = { master, host: "", own: "", other: "", system: "" };

beforeAll(async () => {
  keys.host = await keyFrom("/admin/host/functionkeys");
  keys.system = await keyFrom("/admin/host/systemkeys");
  keys.own = await keyFrom("/admin/functions/keyed/keys");
  keys.other = await keyFrom("/admin/functions/other_keyed/keys");
});

const withHeader = async (path: string, key: string | readonly string[]): Promise<number> =>
  (await get(path, { headers: { "x-functions-key": key } })).status;
const withCode = async (path: string, key: string): Promise<number> =>
  (await get(`${path}?code=${encodeURIComponent(key)}`)).status;

describe.each([
  { path: "/guarded/open", opens: ["master", "host", "own", "other", "system"] },
  { path: "/guarded/keyed", opens: ["master", "host", "own"] },
  { path: "/guarded/masters", opens: ["master"] },
] as const)("$path is opened by $opens and no other key", ({ path, opens }) => {
  it.each(["master", "host", "own", "other", "system"] as const)("%s", async (kind) => {
    const expected = opens.some((one) => one === kind) ? 200 : 401;
    expect([await withHeader(path, keys[kind]), await withCode(path, keys[kind])]).toEqual([expected, expected]);
  });
});

describe("without a key that is known", () => {
  it("a function of level anonymous answers", async () => {
    expect((await get("/guarded/open")).status).toBe(200);
    expect(await withHeader("/guarded/open", "wrong")).toBe(200);
  });

  it.each(["/guarded/keyed", "/guarded/masters"])("%s is an empty 401 that asks for nothing", async (path) => {
    for (const answer of [await get(path), await get(path, { headers: { "x-functions-key": "wrong" } })]) {
      expect([answer.status, answer.text]).toEqual([401, ""]);
      expect(answer.headers["www-authenticate"]).toBeUndefined();
    }
  });

  it("a method the function does not have is 404 before anything is asked", async () => {
    expect((await post("/guarded/keyed")).status).toBe(404);
  });
});

describe("of two keys", () => {
  const both = async (header: string, code: string): Promise<number> =>
    (await get(`/guarded/keyed?code=${encodeURIComponent(code)}`, { headers: { "x-functions-key": header } })).status;

  it("the header counts, even an empty or a wrong one", async () => {
    expect(await both("wrong", keys.own)).toBe(401);
    expect(await both("", keys.own)).toBe(401);
    expect(await both(keys.own, "wrong")).toBe(200);
  });

  it("in two header lines neither counts", async () => {
    expect(await withHeader("/guarded/keyed", ["wrong", keys.own])).toBe(401);
  });

  it("in the query the first counts", async () => {
    const code = encodeURIComponent(keys.own);
    expect((await get(`/guarded/keyed?code=wrong&code=${code}`)).status).toBe(401);
    expect((await get(`/guarded/keyed?code=${code}&code=wrong`)).status).toBe(200);
  });
});

describe("a key in the query", () => {
  it("may be spelled in any letter case", async () => {
    expect((await get(`/guarded/keyed?CODE=${encodeURIComponent(keys.own)}`)).status).toBe(200);
  });

  it("stays visible to the function", async () => {
    const answer = await get(`/guarded/keyed?code=${encodeURIComponent(keys.own)}`);
    expect(answer.json()).toMatchObject({ code: keys.own, url: expect.stringContaining("code=") });
  });
});

describe("the administration", () => {
  it.each(["/admin/host/status", "/admin/host/functionkeys", "/admin/functions/keyed/keys"])(
    "%s wants the master key: 403 for a weaker one, 401 for none",
    async (path) => {
      expect(await withHeader(path, keys.master)).toBe(200);
      expect(await withCode(path, keys.master)).toBe(200);
      expect(await withHeader(path, keys.host)).toBe(403);
      expect(await withHeader(path, "wrong")).toBe(401);
      expect((await get(path)).status).toBe(401);
    },
  );

  it("starts a function for the master key alone", async () => {
    const started = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await post("/admin/functions/on_demand", { headers, body: "{}" })).status;
    expect(await started({ "content-type": "application/json" })).toBe(401);
    expect(await started({ "content-type": "application/json", "x-functions-key": keys.host })).toBe(403);
  });

  itHere("admin-invoke", "refuses to start what is no timer", async () => {
    const headers = { "x-functions-key": keys.master, "content-type": "application/json" };
    expect((await post("/admin/functions/hello", { headers, body: "{}" })).status).toBe(400);
  });

  it("says that the host runs, and since when", async () => {
    const { bytes, text, status } = await get("/admin/host/status", { headers: { "x-functions-key": master } });
    expect([status, bytes.length]).toEqual([200, Buffer.byteLength(text)]);
    expect(JSON.parse(text)).toMatchObject({ state: "Running", processUptime: expect.any(Number) });
  });

  it("answers a ping to everybody, with nothing", async () => {
    const { status, text } = await get("/admin/host/ping");
    expect([status, text]).toEqual([200, ""]);
  });

  it("does not know a function that is not there", async () => {
    expect(await withHeader("/admin/functions/nosuch/keys", keys.master)).toBe(404);
    const answer = await send("POST", "/admin/functions/nosuch", {
      headers: { "x-functions-key": keys.master, "content-type": "application/json" },
      body: "{}",
    });
    expect(answer.status).toBe(404);
  });
});

describe("the durable webhooks", () => {
  const path = "/runtime/webhooks/durabletask/instances/nosuch";

  it.each(["master", "system"] as const)("open to the %s key", async (kind) => {
    expect([await withHeader(path, keys[kind]), await withCode(path, keys[kind])]).toEqual([404, 404]);
  });

  it.each([
    ["host", 403],
    ["own", 401],
  ] as const)("are closed to the %s key: %i", async (kind, status) => {
    expect(await withHeader(path, keys[kind])).toBe(status);
  });

  it("are closed to those without a key", async () => {
    expect((await get(path)).status).toBe(401);
  });
});
