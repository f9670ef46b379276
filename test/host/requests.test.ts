import { createHash } from "node:crypto";
import { describe, expect, inject, it } from "vitest";
import { type Call, get, send } from "./call.ts";
import { itHere } from "./differences.ts";

type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly params: Readonly<Record<string, string>>;
  readonly body: { readonly bytes: number; readonly sha256: string; readonly text: string } | null;
};

const seen = async (method: string, path: string, call?: Call): Promise<Seen> =>
  (await send(method, path, call)).json<Seen>();

const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");

const inChunks = async function* (...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
};

describe("a body", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("of %s arrives", async (method) => {
    const { body, ...rest } = await seen(method, "/request", { body: "content" });
    expect([rest.method, body]).toEqual([method, { bytes: 7, sha256: sha256("content"), text: "content" }]);
  });

  it("that is sent in chunks arrives whole", async () => {
    const { body, headers } = await seen("POST", "/request", { body: inChunks("one", "two", "three") });
    expect([body?.text, headers["transfer-encoding"]]).toEqual(["onetwothree", "chunked"]);
  });

  it.each([
    { why: "its length is 0", call: { body: "" } },
    { why: "it has no chunk", call: { body: inChunks() } },
    { why: "neither length nor chunks are announced", call: { headers: { connection: "close" } } },
  ])("is empty, not null, when $why", async ({ call }) => {
    expect((await seen("POST", "/request", call)).body).toEqual({ bytes: 0, sha256: sha256(""), text: "" });
  });

  it("of GET is dropped, though its length is still told", async () => {
    const { body, headers } = await seen("GET", "/request", { body: "content" });
    expect([body, headers["content-length"]]).toEqual([null, "7"]);
  });

  it("is passed on byte by byte", async () => {
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { body } = await seen("POST", "/request", { body: every });
    expect(body?.text).toBe(Buffer.from(every).toString("latin1"));
  });
});

describe("headers", () => {
  it("arrive with names in lower case", async () => {
    const { headers } = await seen("GET", "/request", { headers: { "X-Own-Header": "Value" } });
    expect(headers["x-own-header"]).toBe("Value");
  });

  it("of one name are joined by a comma without a space", async () => {
    const { headers } = await seen("GET", "/request", { headers: { "x-many": ["1", "2", "3"] } });
    expect(headers["x-many"]).toBe("1,2,3");
  });

  it("of one connection reach only the request they came with", async () => {
    await get("/request", { headers: { "x-first": "1" } });
    const { headers } = await seen("GET", "/request");
    expect(headers["x-first"]).toBeUndefined();
  });
});

describe("the URL", () => {
  it("is made from the Host header, whatever a proxy says", async () => {
    const headers = { host: "shop.example:81", "x-forwarded-host": "other.example", "x-forwarded-proto": "https" };
    const { url } = await seen("GET", "/request?a=1", { headers });
    expect(url).toBe("http://shop.example:81/request?a=1");
  });

  it("shows the address that was asked for", async () => {
    expect((await seen("GET", "/request/7?q=%20z")).url).toBe(`${inject("functionsHost").url}/request/7?q=%20z`);
  });
});

describe("the query", () => {
  it("has every value of a repeated key", async () => {
    const { query } = await seen("GET", "/request?a=1&b=x&a=2");
    expect(query).toEqual([
      ["a", "1"],
      ["b", "x"],
      ["a", "2"],
    ]);
  });

  it.each([
    ["/request?q=%20z", " z"],
    ["/request?q=a+b", "a b"],
    ["/request?q=%C3%A4", "ä"],
    ["/request?q=a%2Fb", "a/b"],
    ["/request?q", ""],
  ])("%s is decoded: %j", async (path, value) => {
    expect((await seen("GET", path)).query).toEqual([["q", value]]);
  });

  it("shows among the parameters too, its last value, except the key in code", async () => {
    const { params, query, url } = await seen("GET", "/request/7?a=1&a=2&code=some");
    expect(params).toEqual({ id: "7", a: "2" });
    expect(query).toContainEqual(["code", "some"]);
    expect(url).toContain("code=some");
  });

  itHere("headers-key", "does not take the place of the headers", async () => {
    expect((await seen("GET", "/request?Headers=none", { headers: { "x-own": "1" } })).headers["x-own"]).toBe("1");
  });

  it("does not take the place of a parameter of the route", async () => {
    expect((await seen("GET", "/request/7?id=8")).params).toEqual({ id: "7" });
  });
});
