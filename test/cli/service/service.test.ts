import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import { openService, type Service } from "../../../src/cli/service/service.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { failureOf } from "../../support/failure-of.ts";

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let service: Service;
let replies: Reply[];
let heard: string[];
let waited: number[];

const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply =>
  (_request, response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const cut: Reply = (request) => void request.socket.destroy();

/** Each request takes the next reply; the last one stays. */
beforeEach(async () => {
  replies = [];
  heard = [];
  waited = [];
  server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    reply?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // As Node documents it for a TCP server.
  const { port } = server.address() as AddressInfo;
  service = openService(
    {
      name: "test",
      url: () => new URL(`http://127.0.0.1:${port}`),
      trust: () => undefined,
      key: async () => new Secret("the-key"),
      keySource: "the test",
      trustAdvice: "",
      lineAdvice: "Look at the line.",
      renew: () => undefined,
    },
    { pause: async (milliseconds) => void waited.push(milliseconds) },
  );
});
afterEach(() => {
  service.close();
  server.close();
});

describe("asking the service", () => {
  it.each([
    ["properties.backupSchedule.timeZone: it is none.", "--time-zone: it is none."],
    ["properties.other: it is none.", "properties.other: it is none."],
    ["Refused: properties.paths: no.", "Refused: properties.paths: no."],
  ])("calls what was typed as it was typed: %s", async (message, told) => {
    replies = [json(400, { error: { code: "InvalidField", message, details: [] } })];
    expect(await failureOf(CommandFailure, service.get("/a"))).toMatchObject({ message: told });
  });

  it("sends key and version, and values of a query as often as they are given", async () => {
    replies = [json(200, { a: 1 })];
    expect((await service.get("/x", { query: { path: ["a b", "ü"], none: undefined } })).number("a")).toBe(1);
    expect(heard).toEqual(["GET /x?path=a+b&path=%C3%BC&api-version=2025-05-01 Bearer the-key"]);
  });

  it("follows a list's pages, by the address that it was told itself", async () => {
    const next = "https://elsewhere.example:7443/list?$skipToken=2&api-version=2025-05-01";
    replies = [
      json(200, { value: [{ n: 1 }, { n: 2 }], nextLink: next }),
      json(200, { value: [{ n: 3 }], nextLink: null }),
    ];
    expect((await service.all("/list")).map((item) => item.number("n"))).toEqual([1, 2, 3]);
    expect(heard[1]).toContain("GET /list?$skipToken=2&api-version");
  });

  it("reads again when the line breaks or the service is busy, longer each time, and then gives up", async () => {
    replies = [cut, json(503, {}), json(429, {}, { "retry-after": "2" }), json(200, { a: 1 })];
    expect((await service.get("/x")).number("a")).toBe(1);
    expect(waited).toEqual([250, 1_000, 3_000]);
    replies = [cut];
    expect(await failureOf(CommandFailure, service.get("/x"))).toMatchObject({
      code: "Unreachable",
      exitCode: 7,
      message: expect.stringMatching(/connection was cut\. Look at the line\./),
    });
  });

  it("is not left waiting by what answers with another protocol", async () => {
    replies = [
      ({ socket }) => void socket.write("HTTP/1.1 101 No\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
      json(200, { a: 1 }),
    ];
    expect((await service.get("/x")).number("a")).toBe(1);
  });

  it("asks again for an answer that breaks off, and begins nothing twice", async () => {
    const half: Reply = (request, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"a":', () => request.socket.destroy());
    };
    replies = [half, json(200, { a: 1 })];
    expect((await service.get("/x")).number("a")).toBe(1);
    expect(waited).toEqual([250]);
    [replies, heard] = [[half], []];
    expect(await failureOf(CommandFailure, service.post("/x"))).toMatchObject({ code: "Unreachable", exitCode: 7 });
    expect(heard).toHaveLength(1);
  });

  it("waits as long as it is told, and not for hours", async () => {
    replies = [json(429, {}, { "retry-after": "7" }), json(200, {})];
    await service.get("/x");
    expect(waited).toEqual([7_000]);
    replies = [
      json(429, { error: { code: "TooManyRequests", message: "Later.", details: [] } }, { "retry-after": "3600" }),
    ];
    expect(await failureOf(CommandFailure, service.get("/x"))).toMatchObject({ code: "TooManyRequests", exitCode: 6 });
  });

  it("sends what changes something once, whatever becomes of the line", async () => {
    for (const reply of [cut, json(503, {})]) {
      heard = [];
      replies = [reply];
      expect((await failureOf(CommandFailure, service.post("/x"))).exitCode).toBe(7);
      expect(heard).toHaveLength(1);
    }
  });

  it("tells the service's own word before ARM's, and its message as it is", async () => {
    const error = { code: "Conflict", message: "It is busy.", details: [{ code: "SiteBusy" }] };
    replies = [json(409, { error })];
    expect(await failureOf(CommandFailure, service.post("/x"))).toMatchObject({
      code: "SiteBusy",
      message: "It is busy.",
      exitCode: 4,
    });
  });

  it("says when something else answers", async () => {
    replies = [(_request, response) => void response.writeHead(200).end("<html>")];
    expect(await failureOf(CommandFailure, service.get("/x"))).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining("Is it Lifeboat?"),
    });
    replies = [(_request, response) => void response.writeHead(403).end("<html>")];
    expect(await failureOf(CommandFailure, service.get("/x"))).toMatchObject({ code: "Http403", exitCode: 6 });
  });

  it("names what a newer service does not answer any more", () => {
    const answer = answerOf({ properties: { id: "7" } });
    expect(() => answer.object("properties").number("id")).toThrow(/no the answer\.properties\.id of the kind/);
  });

  it("takes the operation's id from where it is polled", async () => {
    replies = [
      (_request, response) =>
        void response.writeHead(202, { location: "https://x/y/operationresults/0b6f?api-version=1" }).end(),
    ];
    expect(await service.begin("/x")).toEqual({ operation: "0b6f" });
  });
});
