import { createHash } from "node:crypto";
import { describe, expect } from "vitest";
import { it } from "vitest";
import { type Answer, get, send } from "./call.ts";
import { itHere } from "./differences.ts";

/** The answer to a handler that returns `init`. */
const answerOf = (init: object, method = "GET"): Promise<Answer> =>
  send(method, `/answer?init=${encodeURIComponent(JSON.stringify(init))}`);

describe("an answer", () => {
  it.each([
    { init: {}, status: 200, type: undefined, text: "" },
    { init: { body: "text" }, status: 200, type: "text/plain;charset=UTF-8", text: "text" },
    { init: { jsonBody: { a: 1 } }, status: 200, type: "application/json", text: '{"a":1}' },
    { init: { status: 404, jsonBody: [] }, status: 404, type: "application/json", text: "[]" },
    {
      init: { status: 201, body: "", headers: { "content-type": "text/x-own" } },
      status: 201,
      type: "text/x-own",
      text: "",
    },
    { init: { status: 503, body: "later" }, status: 503, type: "text/plain;charset=UTF-8", text: "later" },
  ])("of $init is what was returned", async ({ init, status, type, text }) => {
    const answer = await answerOf(init);
    expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([status, type, text]);
  });

  it("of bytes has those and no type", async () => {
    const answer = await get("/bytes");
    expect(answer.bytes).toEqual(createHash("sha256").update("bytes").digest());
    expect(answer.headers["content-type"]).toBeUndefined();
  });

  it("keeps the headers the function set, in lower case", async () => {
    const headers = {
      Location: "/elsewhere",
      "Retry-After": "7",
      "Cache-Control": "no-store",
      "Content-Security-Policy": "default-src 'none'",
      "Content-Disposition": 'attachment; filename="a.zip"',
      ETag: '"tag"',
      Server: "own",
      "X-Own": "value",
    };
    const { rawHeaders } = await answerOf({ status: 202, headers });
    for (const [name, value] of Object.entries(headers)) {
      const at = rawHeaders.indexOf(name.toLowerCase());
      expect([name, rawHeaders[at + 1]]).toEqual([name, value]);
    }
  });

  it("has the host's date, not the function's", async () => {
    const { headers } = await answerOf({ headers: { Date: "Thu, 01 Jan 1970 00:00:00 GMT" } });
    expect(Math.abs(Date.parse(headers.date ?? "") - Date.now())).toBeLessThan(60_000);
  });

  it("names its invocation as the function knows it, each another", async () => {
    const answers = await Promise.all([get("/request"), get("/request")]);
    const ids = answers.map(({ headers }) => headers["x-ms-invocation-id"]);
    expect(answers.map((answer) => answer.json<{ readonly invocationId: string }>().invocationId)).toEqual(ids);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it.each([{ body: "text" }, { cookies: [{ name: "a", value: "1" }] }, { status: 204 }])(
    "of %j names its invocation by a GUID",
    async (init) => {
      const { headers } = await answerOf(init);
      expect(headers["x-ms-invocation-id"]).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    },
  );

  it("is chunked unless the function says its length", async () => {
    const { headers } = await answerOf({ body: "text" });
    expect([headers["transfer-encoding"], headers["content-length"]]).toEqual(["chunked", undefined]);
    const told = await answerOf({ body: "text", headers: { "content-length": "4" } });
    expect([told.headers["transfer-encoding"], told.headers["content-length"]]).toEqual([undefined, "4"]);
    expect(told.text).toBe("text");
  });

  it("to HEAD has status and headers and no body", async () => {
    const answer = await answerOf({ status: 203, body: "text", headers: { "x-own": "1" } }, "HEAD");
    expect([answer.status, answer.headers["x-own"], answer.text]).toEqual([203, "1", ""]);
  });

  it.each([
    { status: 204, body: "text" },
    { status: 205, body: "text" },
    { status: 304, jsonBody: { a: 1 } },
  ])("of $status has neither body nor type, whatever was returned", async (init) => {
    const answer = await answerOf(init);
    expect([answer.status, answer.text, answer.headers["content-type"]]).toEqual([init.status, "", undefined]);
  });
});

describe("cookies", () => {
  it("are a line each, as they were asked for", async () => {
    const cookies = [
      { name: "a", value: "1" },
      { name: "b", value: "2", path: "/", httpOnly: true, sameSite: "Lax" },
    ];
    const { headers } = await answerOf({ cookies });
    expect(headers["set-cookie"]).toEqual(["a=1", "b=2; Path=/; HttpOnly; SameSite=Lax"]);
  });

  it("given as headers of one name collapse to the last", async () => {
    expect((await get("/set-cookie")).headers["set-cookie"]).toEqual(["b=2"]);
  });
});

describe("a handler that the cloud would let its caller wait 240 s for", () => {
  for (const how of ["throws", "rejects", "nothing", "text", "number"])
    itHere("silent-handler", `answers an empty 500 at once: ${how}`, async () => {
      const answer = await get(`/misbehave/${how}`);
      expect([answer.status, answer.text]).toEqual([500, ""]);
      expect(JSON.stringify(answer.rawHeaders)).not.toContain("secret");
    });

  itHere("silent-handler", "breaks the connection off where its body breaks off", async () => {
    await expect(get("/misbehave/breaks")).rejects.toThrow(/socket hang up|aborted|ECONNRESET/);
  });
});
