import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";

const site = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites";
const version = "?api-version=2025-05-01";

let folder: string;
let data: string;
let lifeboat: LifeboatProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-requests-"));
  data = join(folder, "data");
  mkdirSync(join(data, "sites"), { recursive: true });
  mkdirSync(join(folder, "shop"));
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
  lifeboat = await startLifeboat({ data });
});
afterAll(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, init: { method?: string; body?: string | Buffer } = {}): Promise<Response> =>
  fetch(`${lifeboat.url}${path}${version}`, {
    ...init,
    headers: { ...bearer(data), "content-type": "application/json" },
  });

/** ARM's error object, with words and without anything of the inside. */
const expectArmError = async (answer: Response, status: number, code: string): Promise<void> => {
  const text = await answer.text();
  expect({ status: answer.status, text }).toEqual({ status, text: expect.stringContaining(`"code":"${code}"`) });
  expect(answer.headers.get("content-type")).toContain("application/json");
  expect(JSON.parse(text)).toMatchObject({ error: { code, message: expect.stringMatching(/.{10,}/) } });
  expect(text).not.toMatch(/\bat .*\.(js|ts):\d+|node:internal/);
};

describe("a body that cannot be understood", () => {
  it.each(["{", "[1,", '{"properties":', "properties=1", "\u0000", '"text"', "[]", "42"])(
    "%j is a 400",
    async (body) => {
      const answer = await ask(`${site}/shop/config/backup`, { method: "PUT", body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { message: expect.stringMatching(/.{10,}/) } });
    },
  );

  it("is a 400 also when it is no UTF-8, nested without end, or full of strange members", async () => {
    const bodies = [
      Buffer.from([0xff, 0xfe, 0x7b]),
      "[".repeat(200_000),
      '{"a":'.repeat(100_000),
      '{"__proto__":{"a":1}',
    ];
    for (const body of bodies) expect((await ask(`${site}/shop/backup`, { method: "POST", body })).status).toBe(400);
  });
});

describe("a caller without a right key", () => {
  it.each([
    ["none", {}],
    ["another one", { authorization: "Bearer wrong" }],
    ["an empty one", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Basic YWRtaW46eA==" }],
    ["one of 8,000 characters", { authorization: `Bearer ${"x".repeat(8_000)}` }],
  ])("with %s gets 401 and nothing else", async (_, headers) => {
    const answer = await fetch(`${lifeboat.url}${site}/shop/backups${version}`, { headers });
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("shop");
  });

  it("learns neither the host's keys nor its orchestrations", async () => {
    for (const path of ["/admin/host/functionkeys", "/runtime/webhooks/durabletask/instances/backup-shop-1"]) {
      expect((await fetch(`${lifeboat.url}${path}`)).status).toBe(401);
      expect((await fetch(`${lifeboat.url}${path}?code=wrong`)).status).toBe(401);
      expect((await fetch(`${lifeboat.url}${path}`, { headers: bearer(data) })).status).toBe(401);
    }
  });
});

describe("something that does not exist", () => {
  it("is a 404 that names it", async () => {
    await expectArmError(await ask(`${site}/nosuch/backups`), 404, "ResourceNotFound");
    await expectArmError(await ask(`${site}/shop/backups/77`), 404, "NotFound");
    await expectArmError(await ask(`${site}/shop/nothing`), 404, "NotFound");
    await expectArmError(await ask("/nothing/at/all"), 404, "NotFound");
  });
});

const connection = (): { readonly socket: Socket; readonly received: () => string } => {
  const socket = connect(Number(new URL(lifeboat.url).port), "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (part: string) => (received += part));
  socket.on("error", () => undefined); // What was received by then is what counts.
  return { socket, received: () => received };
};

const head = (bodyHeader: string): string =>
  [
    `PUT ${site}/shop/config/backup${version} HTTP/1.1`,
    "Host: localhost",
    `Authorization: ${bearer(data)["authorization"]}`,
    bodyHeader,
    "\r\n",
  ].join("\r\n");

const megabyte = Buffer.alloc(1024 * 1024, "x");
const megabyteChunk = Buffer.concat([Buffer.from("100000\r\n"), megabyte, Buffer.from("\r\n")]);

/** Sends on as fast as the other side takes it, whatever it answers meanwhile. */
const sendParts = async (socket: Socket, part: Buffer, count: number): Promise<void> => {
  for (let sent = 0; sent < count && !socket.destroyed; sent++)
    await new Promise<void>((resolve) => void socket.write(part, () => resolve()));
};

describe("a body of 101 MB", () => {
  const told = { header: `Content-Length: ${101 * megabyte.length}`, part: megabyte, end: "" };
  const chunked = { header: "Transfer-Encoding: chunked", part: megabyteChunk, end: "0\r\n\r\n" };

  it.each([
    ["with its length", told],
    ["in chunks", chunked],
  ])("sent %s is a 413, and its connection serves the next requests", async (_, { header, part, end }) => {
    const { socket, received } = connection();
    for (let times = 0; times < 2; times++) {
      socket.write(head(header));
      await sendParts(socket, part, 101);
      socket.write(end);
    }
    socket.end("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "close");
    expect(received().match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 413", "HTTP/1.1 413", "HTTP/1.1 200"]);
    expect(received()).toContain(`{"status":"alive"}`);
  });

  it("is refused before it is sent, when its length is told", async () => {
    const { socket, received } = connection();
    socket.write(head(told.header));
    await once(socket, "data");
    expect(received()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it("that stops half-way after it was refused does not keep its connection open", async () => {
    const { socket, received } = connection();
    socket.write(head(told.header));
    await once(socket, "close");
    expect(received()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("what is no HTTP", () => {
  it.each(["\r\n\r\n", "GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", `GET /${"x".repeat(70_000)} HTTP/1.1\r\n\r\n`])(
    "is answered 4xx or cut off, and harms nobody else",
    async (bytes) => {
      const { socket, received } = connection();
      socket.end(bytes);
      await new Promise((resolve) => socket.once("close", resolve)); // Cut off is one of the two right ends.
      expect(received()).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
      expect((await fetch(`${lifeboat.url}/healthz`)).status).toBe(200);
    },
  );
});
