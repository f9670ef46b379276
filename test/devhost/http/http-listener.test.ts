import type { IncomingMessage, ServerResponse } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ownCertificate } from "../../../src/adapters/tls/own-authority.ts";
import { listen, type Listener } from "../../../src/devhost/http/http-listener.ts";

let folder: string;
let listener: Listener | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-listener-"))));
afterEach(async () => {
  vi.useRealTimers();
  await listener?.close(0);
  rmSync(folder, { recursive: true, force: true });
});

const certificate = async (machine: string) => {
  const { key, cert } = await ownCertificate({ folder: join(folder, machine), now: new Date(), machine });
  return { key, cert };
};

/** Whom a new connection is served by. */
const names = (port: number): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.on("error", reject);
  });

const head = (bytes: number): string => `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n\r\n`;
const closed = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once("close", () => resolve("closed")));
const answered = async (socket: Socket, sent: string): Promise<void> => {
  const answer = Promise.race([once(socket, "data").then(String), closed(socket)]);
  socket.write(sent);
  expect(await answer).toContain("200 OK");
};

describe("a connection whose request was answered before its body came", () => {
  const readers = {
    "by nobody": () => undefined,
    "by one who leaves off": ({ request }: { request: IncomingMessage }) =>
      void request
        .iterator({ destroyOnReturn: false })
        .next()
        .catch(() => undefined),
  };
  const open = async (read: (call: { request: IncomingMessage }) => void): Promise<Socket> => {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      read({ request });
      response.end();
    };
    listener = await listen({ address: "127.0.0.1", port: 0, handle });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    // A connection that is cut may be reset.
    return connectPlain(listener.port, "127.0.0.1").on("error", () => undefined);
  };

  it.for(Object.entries(readers))("serves on for as long as it is used, read %s", async ([, read]) => {
    const socket = await open(read);
    await answered(socket, head(3_000));
    socket.write("y".repeat(2_000));
    await answered(socket, "y".repeat(1_000) + head(0));
    vi.advanceTimersByTime(60_000);
    await answered(socket, head(0));
    socket.destroy();
  });

  it.for(Object.entries(readers))("is cut if the body never ends, read %s", async ([, read]) => {
    const socket = await open(read);
    await answered(socket, head(3_000));
    socket.write("y".repeat(2_000));
    vi.advanceTimersByTime(60_000);
    await closed(socket);
  });
});

describe("a port that is closed", () => {
  const open = async (scheme: string): Promise<{ readonly socket: Socket; readonly cut: Promise<string> }> => {
    const tls = scheme === "https" ? { tls: await certificate("localhost") } : {};
    listener = await listen({ address: "127.0.0.1", port: 0, ...tls, handle: (_, response) => response.end() });
    const socket = connectPlain(listener.port, "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    return { socket, cut: closed(socket) };
  };
  /** What came to the port before has been seen by it when a later connection is served. */
  const isSeen = async (scheme: string): Promise<void> => {
    const port = listener?.port ?? 0;
    if (scheme === "https") await names(port);
    else await answered(connectPlain(port, "127.0.0.1"), `GET / HTTP/1.0\r\n\r\n`);
  };

  it.for(["http", "https"])("does not wait for a connection of %s on which nothing ever came", async (scheme) => {
    const { cut } = await open(scheme);
    await isSeen(scheme);
    await listener?.close(3_600_000);
    await cut;
  });

  it("resets a connection in the middle of an answer when the time is over: to a client of HTTP/1.0 it must not look whole", async () => {
    const handle = (_: unknown, response: ServerResponse): void => void response.write("half");
    listener = await listen({ address: "127.0.0.1", port: 0, handle });
    const socket = connectPlain(listener.port, "127.0.0.1");
    const failed = new Promise((resolve) => socket.once("error", resolve));
    socket.write("GET / HTTP/1.0\r\n\r\n");
    await once(socket, "data");
    await listener.close(10);
    expect(await failed).toMatchObject({ code: "ECONNRESET" });
  });

  it("cuts a connection that is in the middle of its handshake when the time is over", async () => {
    const { socket, cut } = await open("https");
    // The first bytes of a client's hello.
    socket.write(Buffer.from("160301020001", "hex"));
    await isSeen("https");
    await listener?.close(10);
    await cut;
  });
});

describe("a port that cannot be had", () => {
  it("is said to be in use, or its address to be none of this machine's", async () => {
    const options = { address: "127.0.0.1", port: 0, handle: () => undefined };
    listener = await listen(options);
    await expect(listen({ ...options, port: listener.port })).rejects.toThrow(/Port \d+ on 127\.0\.0\.1 is in use/);
    await expect(listen({ ...options, address: "192.0.2.1" })).rejects.toThrow("192.0.2.1 is not an address of this");
  });
});

describe("a port that speaks https", () => {
  it("serves a renewed certificate from the next connection on", async () => {
    const tls = await certificate("before");
    listener = await listen({ address: "127.0.0.1", port: 0, tls, handle: (_, response) => response.end() });
    expect(await names(listener.port)).toContain("DNS:before");
    listener.renew(await certificate("after"));
    expect(await names(listener.port)).toContain("DNS:after");
  });
});
