import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { answered, get, open, post } from "./call.ts";
import { expectedOf, itHere } from "./differences.ts";

const mib = 2 ** 20;
const limitBytes = 104_857_600;
const block = Buffer.alloc(mib, "0123456789abcdef");

const chunks = async function* (bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
};

/** The hash of so many bytes as `chunks` makes them. */
const hashOf = (bytes: number): string => {
  const hash = createHash("sha256");
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, Math.min(left, block.length)));
  return hash.digest("hex");
};

const journal = async (topic: string): Promise<readonly unknown[]> => (await get(`/journal/${topic}`)).json();

describe("an upload", () => {
  it("of 50 MiB in chunks arrives whole", async () => {
    const { body } = (await post("/request", { body: chunks(50 * mib) })).json<{ body: object }>();
    expect(body).toMatchObject({ bytes: 50 * mib, sha256: hashOf(50 * mib) });
  });

  it("of exactly the limit, its length told, arrives whole", async () => {
    const call = { headers: { "content-length": String(limitBytes) }, body: chunks(limitBytes) };
    const { body } = (await post("/request", call)).json<{ body: object }>();
    expect(body).toMatchObject({ bytes: limitBytes, sha256: hashOf(limitBytes) });
  });

  it("that announces more than the limit is refused before it is sent", async () => {
    const outgoing = open("POST", "/request", { headers: { "content-length": "105000000" }, agent: new Agent() });
    const head = answered(outgoing);
    outgoing.flushHeaders();
    expect((await head).statusCode).toBe(expectedOf("large-body", { here: 413, real: 500 }));
    outgoing.destroy();
  });

  it("that turns out larger than the limit is refused", async () => {
    const outgoing = open("POST", "/request", { agent: new Agent() });
    const head = answered(outgoing);
    outgoing.on("error", () => undefined); // The host closes the connection on what is still being sent.
    for await (const chunk of chunks(105_000_000)) {
      if (outgoing.destroyed) break;
      await new Promise<void>((resolve) => outgoing.write(chunk, () => resolve()));
    }
    outgoing.end();
    expect((await head).statusCode).toBe(expectedOf("large-body", { here: 413, real: 500 }));
  });

  it.each(["/unread", "/half-read"])("that %s leaves off keeps the connection usable", async (path) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await post(path, { agent, body: Buffer.alloc(8 * mib) });
    const second = await get("/request", { agent });
    expect([first.status, second.status, second.headers.connection]).toEqual([200, 200, "keep-alive"]);
    agent.destroy();
  });
});

describe("a download", () => {
  it("of 50 MiB is what the function produced", async () => {
    const { bytes } = await get(`/download/${50 * mib}`);
    const wrong = [];
    for (let index = 0; index * 65_536 < bytes.length; index++)
      if (!bytes.subarray(index * 65_536, (index + 1) * 65_536).equals(Buffer.alloc(65_536, index % 256)))
        wrong.push(index);
    expect([bytes.length, wrong]).toEqual([50 * mib, []]);
  });

  it("begins before the function has produced its end", async () => {
    const id = randomUUID();
    const outgoing = open("GET", `/gated/${id}`);
    const head = answered(outgoing);
    outgoing.end();
    const incoming = (await head).setEncoding("utf8");
    const [before] = await once(incoming, "data");
    expect(before).toBe("before");
    const after = once(incoming, "data");
    expect((await post(`/release/${id}`)).status).toBe(200);
    expect(await after).toEqual(["after"]);
  });
});

it("a function can answer part by part while it still receives", async () => {
  const outgoing = open("POST", "/duplex", { headers: { "content-type": "text/plain" } });
  const head = answered(outgoing);
  outgoing.write("first");
  const incoming = (await head).setEncoding("utf8");
  expect(await once(incoming, "data")).toEqual(["first"]);
  outgoing.end("second");
  expect(await once(incoming, "data")).toEqual(["second"]);
});

/** Opens a download of 64 MiB and reads nothing of it. */
const unreadDownload = async (topic: string): Promise<IncomingMessage> => {
  const outgoing = open("GET", `/download/${64 * mib}/${topic}`, { agent: new Agent() });
  const head = answered(outgoing);
  outgoing.end();
  return (await head).pause();
};

const settled = async (topic: string): Promise<unknown> => {
  for (let last: unknown; ;) {
    const now = (await journal(topic)).at(-1);
    if (now !== undefined && now === last) return now;
    last = now;
    await pause(100);
  }
};

describe("a client", () => {
  itHere("paced-download", "that stops reading stops the function that produces", async () => {
    const topic = randomUUID();
    const incoming = await unreadDownload(topic);
    expect(await settled(topic)).toBeLessThan(1024);
    incoming.destroy();
  });

  itHere("paced-download", "that leaves ends the function that produces", async () => {
    const topic = randomUUID();
    const incoming = await unreadDownload(topic);
    await settled(topic);
    incoming.destroy();
    while ((await journal(topic)).at(-1) !== "ended") await pause(20);
    expect((await journal(topic)).at(-2)).toBeLessThan(1024);
  });
});
