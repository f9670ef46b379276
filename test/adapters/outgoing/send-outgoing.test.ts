import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { outgoingProblem } from "../../../src/adapters/outgoing/outgoing-url.ts";
import { sendOutgoing, type OutgoingMessage } from "../../../src/adapters/outgoing/send-outgoing.ts";
import { refusedUrls } from "../../support/refused-urls.ts";
import { resolver } from "../../support/resolver.ts";

let server: Server;
let seen: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  body: string;
}[];
let answer: RequestListener;
let port: number;

beforeEach(async () => {
  seen = [];
  answer = (_, response) => response.end("thanks");
  server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: "" };
    seen.push(one);
    request.on("data", (part: Buffer) => (one.body += part.toString()));
    request.on("end", () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port; // listens on TCP
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const message = (url: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  url,
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"status":"Failed"}',
  timeoutMs: 20_000,
  ...more,
});

const nobody = { privateHosts: [] };
const here = (): { readonly privateHosts: readonly string[] } => ({
  privateHosts: [`127.0.0.1:${port}`, `hook.example.org:${port}`],
});

describe("a message to a named URL", () => {
  it("is sent with its headers and body, and its answer is told", async () => {
    const sent = await sendOutgoing(here())(message(`http://127.0.0.1:${port}/hook?token=t`));
    expect(sent).toEqual({ status: 200, text: "thanks" });
    expect(seen).toMatchObject([
      {
        method: "POST",
        url: "/hook?token=t",
        headers: { "content-type": "application/json" },
        body: '{"status":"Failed"}',
      },
    ]);
  });

  it("goes no further than to the host it names: a redirect is an answer", async () => {
    answer = (request, response) => {
      const location = `http://127.0.0.1:${port}/elsewhere`;
      response.writeHead(request.url === "/hook" ? 307 : 200, { location }).end();
    };
    expect(await sendOutgoing(here())(message(`http://127.0.0.1:${port}/hook`))).toMatchObject({ status: 307 });
    expect(seen).toHaveLength(1);
  });

  it("is refused where the name leads at the moment of connecting, whatever it led to before", async () => {
    const led = [["127.0.0.1"], ["169.254.169.254"], ["203.0.113.7", "10.0.0.7"]];
    const { resolve, asked } = resolver(() => led.shift() ?? []);
    const url = `http://hook.example.org:${port}/secret-path`;
    expect(await sendOutgoing(here(), resolve)(message(url))).toMatchObject({ status: 200 });
    await expect(sendOutgoing(here(), resolve)(message(url))).rejects.toThrow(/may not be reached/);
    const outside = { privateHosts: [] };
    await expect(sendOutgoing(outside, resolve)(message("https://hook.example.org/secret-path"))).rejects.toThrow(
      /^hook\.example\.org did not take the message: .*may not be reached/,
    );
    expect({ asked: asked.length, seen: seen.length }).toEqual({ asked: 3, seen: 1 });
  });

  it("to a name of this machine that no setting allows is refused", async () => {
    const { resolve } = resolver(() => ["127.0.0.1"]);
    await expect(sendOutgoing(nobody, resolve)(message("https://hook.example.org/x"))).rejects.toThrow("may not be");
  });

  it("has an answer of at most 16 KiB, and is not held up by an endless one", async () => {
    answer = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
        response.once("drain", more);
      };
      more();
    };
    const { text } = await sendOutgoing(here())(message(`http://127.0.0.1:${port}/hook`));
    expect(text).toHaveLength(16 * 1024);
  });

  it("that is answered with another protocol is not taken", async () => {
    server.on("connection", (socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 101 No\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"));
    });
    answer = () => undefined;
    await expect(sendOutgoing(here())(message(`http://127.0.0.1:${port}/hook`))).rejects.toThrow(
      "did not take the message: the connection ended without an answer.",
    );
  });

  it("that nobody answers ends, and tells the host and nothing else of the URL", async () => {
    answer = () => undefined;
    const sending = sendOutgoing(here())(message(`http://127.0.0.1:${port}/secret-path`, { timeoutMs: 50 }));
    await expect(sending).rejects.toThrow(`127.0.0.1:${port} did not take the message: no answer within 0.05 s.`);
  });

  it("whose answer does not end in time is not taken, also where only the connection would end it", async () => {
    answer = ({ socket }) => void socket.write("HTTP/1.1 200 OK\r\n\r\nthan");
    const sending = sendOutgoing(here())(message(`http://127.0.0.1:${port}/hook`, { timeoutMs: 50 }));
    await expect(sending).rejects.toThrow("no answer within 0.05 s.");
  });
});

describe("a URL for messages", () => {
  it.each(["https://hook.example.org/x?token=t", "https://hook.example.org:8443/x", "https://93.184.216.34/x"])(
    "%s may be named",
    (url) => {
      expect(outgoingProblem(url, nobody)).toBeUndefined();
    },
  );

  /** What is a matter of stores alone: their hosts, and what a container's URL looks like. */
  const isForStores = (says: RegExp): boolean => /not one of|container/.test(says.source);

  it.each(refusedUrls.filter(([, , says]) => !isForStores(says)))("%s may not be named", (_, url) => {
    expect(outgoingProblem(url, nobody)).toMatch(/.{10}/);
  });

  it.each([
    ["http://hook.example.org/x", /plain http/],
    ["https://10.0.0.7/x", /LIFEBOAT_PRIVATE_HOSTS/],
    ["https://localhost/x", /LIFEBOAT_PRIVATE_HOSTS/],
    ["https://[fd12::7]/x", /LIFEBOAT_PRIVATE_HOSTS/],
    ["no url", /not a URL/],
  ])("%s is refused with what to do", (url, says) => {
    expect(outgoingProblem(url, nobody)).toMatch(says);
  });

  it("may lie in a private network when a setting names its host, but nowhere that is forbidden", () => {
    const policy = { privateHosts: ["10.0.0.7", ".lan.example.org", "169.254.169.254"] };
    for (const url of ["http://10.0.0.7/x", "https://a.lan.example.org/x"])
      expect(outgoingProblem(url, policy)).toBeUndefined();
    expect(outgoingProblem("https://169.254.169.254/x", policy)).toContain("never allowed");
  });
});
