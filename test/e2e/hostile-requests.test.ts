import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { siteFolder } from "../support/service-client.ts";

const version = "api-version=2025-05-01";
const shop = siteFolder("shop");

let folder: string;
let data: string;
let lifeboat: LifeboatProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-hostile-"));
  data = join(folder, "data");
  mkdirSync(join(data, "sites"), { recursive: true });
  mkdirSync(join(folder, "shop"));
  writeFileSync(join(folder, "shop", "index.html"), "hello");
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
  lifeboat = await startLifeboat({ data });
});
afterAll(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

/** After every attack: it lives, serves the honest, told nobody its inside, and left nothing outside its folders. */
afterEach(async () => {
  expect(lifeboat.child.exitCode).toBeNull();
  expect((await fetch(`${lifeboat.url}${shop}/backups?${version}`, { headers: bearer(data) })).status).toBe(200);
  expect(lifeboat.output()).not.toMatch(/unhandled|request failed|FATAL|A request failed/i);
  expect(readdirSync(folder).toSorted()).toEqual(["data", "shop"]);
});

const ask = async (method: string, path: string, body?: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`${lifeboat.url}${path}${path.includes("?") ? "&" : "?"}${version}`, {
    method,
    headers: { ...bearer(data), "content-type": "application/json" },
    redirect: "manual",
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text() };
};

/** What a server must never be made to do: fail by itself, redirect, or say where in its code it is. */
const expectRefused = ({ status, text }: { readonly status: number; readonly text: string }, what: string): void => {
  expect({ what, status, isRefused: status >= 400 && status < 500 }).toMatchObject({ isRefused: true });
  expect(text.length, "no echo of what was sent").toBeLessThan(20_000);
  expect(text).not.toMatch(/\bat .*\.(js|ts):\d+|node:internal/);
};

/** Raw bytes on a connection of their own; what came back until it was closed. */
const send = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(lifeboat.url).port), "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (part: string) => (received += part));
    socket.on("error", () => undefined); // What was received by then is what counts.
    socket.once("close", () => resolve(received));
    socket.end(Buffer.from(bytes, "latin1"));
  });

const statusOf = (received: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1] ?? 0);
const key = (): string => bearer(data)["authorization"] ?? "";
const large = "x".repeat(10_000_000);

const odd = [
  ["a climb", ".."],
  ["a long climb", "../../../../etc/cron.d/x"],
  ["a climb in Windows' way", "..\\..\\x"],
  ["an absolute path", "/etc/passwd"],
  ["a drive", "C:\\x"],
  ["a NUL", "a\u0000.zip"],
  ["a line's end", "a\r\nset-cookie: x=y"],
  ["an escape sequence", "\u001b[2J"],
  ["a pipe", "|id"],
  ["ten million letters", large],
  ["a hidden folder of ours", ".lifeboat/uploads/x"],
  ["a device of Windows", "NUL:"],
  ["a trailing dot", "a./b"],
] as const;

describe("an odd name", () => {
  it.each(odd)("in a body is refused: %s", async (what, name) => {
    const body = (properties: object): string => JSON.stringify({ properties });
    const url = pathToFileURL(join(data, "backups", "shop")).href;
    expectRefused(await ask("POST", `${shop}/backup`, body({ backupName: name })), what);
    expectRefused(await ask("PUT", `${shop}/config/backup`, body({ backupName: name })), what);
    for (const path of ["restoreFromBackupBlob", "backups/0/restore", "restoreFromBackupBlob/plan", "discoverbackup"])
      expectRefused(
        await ask("POST", `${shop}/${path}`, body({ storageAccountUrl: url, blobName: name, overwrite: true })),
        `${what} in ${path}`,
      );
    expectRefused(
      await ask(
        "POST",
        `${shop}/restoreFromBackupBlob`,
        body({ storageAccountUrl: url, blobName: "x.zip", siteName: name, overwrite: true }),
      ),
      `${what} as site`,
    );
  });

  // What is plain dots is resolved before it is sent, and again when it comes: it means another path.
  it.each(odd.filter(([, name]) => name !== large && name !== ".."))("in a path is refused: %s", async (what, name) => {
    const segment = encodeURIComponent(name).replaceAll(".", "%2E");
    for (const [method, path] of [
      ["GET", `${siteFolder(segment)}/backups`],
      ["POST", `${siteFolder(segment)}/backup`],
      ["PUT", `${siteFolder(segment)}/description`],
      ["GET", `${shop}/slots/${segment}/backups`],
      ["GET", `${shop}/backups/${segment}`],
      ["DELETE", `${shop}/backups/${segment}`],
      ["GET", `${shop}/operations/${segment}`],
      ["GET", `${shop}/backups/1/files/content?path=${segment}`],
      ["GET", `/providers/Lifeboat/keys/${segment}`],
      ["PUT", `/providers/Lifeboat/keys/${segment}`],
    ] as const)
      expectRefused(await ask(method, path, method === "PUT" ? "{}" : undefined), `${what}: ${method} ${path}`);
  });

  it.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])(
    "that JavaScript has a meaning for is a name like others: %s",
    async (name) => {
      expect((await ask("GET", `${siteFolder(name)}/backups`)).status).toBe(404);
      expect((await ask("GET", `/providers/Lifeboat/keys/${name}`)).status).toBe(404);
      expect((await ask("GET", `${shop}/backups?${name}=1&${name}[x]=1`)).status).toBe(200);
      expect((await ask("GET", `${shop}/operations/${name}`)).status).toBeGreaterThanOrEqual(400);
    },
  );

  it("of ten million letters in a header or path is answered, or cut off", async () => {
    // 0: the connection was gone before the answer could be read.
    for (const head of [`GET ${shop}/${large} HTTP/1.1\r\nHost: x`, `GET / HTTP/1.1\r\nAuthorization: Bearer ${large}`])
      expect([0, 431]).toContain(statusOf(await send(`${head}\r\n\r\n`)));
  });
});

describe("odd JSON", () => {
  const put = (body: string) => ask("PUT", `${shop}/config/backup`, body);

  it("with members of every object's own counts for nothing", async () => {
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const inner = `{"backupName":"polluted","enabled":"polluted"}`;
      for (const body of [
        `{"${name}":{"properties":${inner}}}`,
        `{"properties":{"${name}":${inner},"backupName":"fine"}}`,
        `{"properties":{"backupName":"fine","backupSchedule":{"${name}":{"frequencyInterval":"polluted"}}},}`,
        `{"properties":{"backupName":"fine",/* */"${name}":{"${name}":${inner}}}}`,
      ]) {
        const { text } = await put(body);
        expect(text).not.toContain("polluted");
      }
    }
    expect((await ask("GET", `${shop}/config/backup`)).text).not.toContain("polluted");
  });

  it("with a name twice means the last, for both of its readers", async () => {
    const twice = '"backupName":"first","backupName":"second"';
    for (const body of [`{"properties":{${twice}}}`, `{"properties":{${twice},}}`])
      expect((await put(body)).text).toContain('"backupName":"second"');
  });

  it("with members nobody knows, however deep, means what it means without them", async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    expect((await put(`{"properties":{"backupName":"deep","unknown":${deep}}}`)).text).toContain('"backupName":"deep"');
  });

  it("without end in depth, length or number is refused", async () => {
    for (const body of [
      `{"properties":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)},}`,
      `{"properties":${"[".repeat(500_000)}`,
      `{"properties":{"backupSchedule":{"frequencyInterval":1e999}}}`,
      `{"properties":{"backupSchedule":{"frequencyInterval":${"9".repeat(400)}}}}`,
      `{"properties":{"backupSchedule":{"frequencyInterval":-1,"frequencyUnit":"Day"}}}`,
      `{"properties":{"backupSchedule":{"startTime":"${"9".repeat(100_000)}"}}}`,
      `{"properties":"${large}"}`,
      `${" ".repeat(3_000_000)}${"/*".repeat(400_000)}`,
      `{"properties":{"backupName":"${"\\ud800".repeat(100_000)}"}}`,
    ])
      expectRefused(await put(body), body.slice(0, 60));
  });
});

describe("odd HTTP", () => {
  const get = (path: string, ...headers: readonly string[]): string =>
    [`GET ${path} HTTP/1.1`, `Authorization: ${key()}`, "Connection: close", ...headers, "\r\n"].join("\r\n");

  it.each<readonly [string, readonly string[]]>([
    ["no host", []],
    ["an empty host", ["Host:"]],
    ["a host with a space", ["Host: a b"]],
    ["a host with a path", ["Host: a/b?c#d"]],
    ["a host with a user", ["Host: user:pw@evil.example"]],
    ["a host of brackets", ["Host: ["]],
    ["a port that is none", ["Host: x:99999"]],
    ["two hosts", ["Host: a", "Host: b"]],
    ["forged forwarding", ["Host: a", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher"]],
    ["an odd correlation", ["Host: a", "x-ms-client-request-id: \u00ff\u0080x", "x-ms-correlation-request-id: \u00e9"]],
    ["an odd header name", ["Host: a", "__proto__: x", "constructor: y"]],
    ["a bare carriage return", ["Host: a", "x-ms-client-request-id: a\rset-cookie: x"]],
    ["a folded line", ["Host: a", "x-ms-client-request-id: a\r\n b"]],
    ["an upgrade", ["Host: a", "Connection: upgrade", "Upgrade: websocket"]],
    ["an odd expectation", ["Host: a", "Expect: the-unexpected"]],
    ["a length and chunks", ["Host: a", "Content-Length: 5", "Transfer-Encoding: chunked"]],
    ["an odd encoding", ["Host: a", "Transfer-Encoding: xchunked"]],
  ])("is answered or refused, and never a 5xx: %s", async (_, headers) => {
    const received = await send(get(`${shop}/backups?${version}`, ...headers));
    expect(statusOf(received), received.slice(0, 500)).toBeLessThan(500);
    expect(received).not.toMatch(/evil\.example|^set-cookie/im);
  });

  it.each([
    "http://169.254.169.254/latest/meta-data",
    "//evil.example/subscriptions",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%c0%ae%c0%ae/etc/passwd",
    "/%",
    "/%zz",
    "/%00",
    "/?%00=%00",
    "/\\..\\..\\windows",
    "*",
    "evil.example:443",
  ])("asks for %s in vain", async (target) => {
    for (const method of ["GET", "OPTIONS", "CONNECT", "TRACE", "PROPFIND"]) {
      const received = await send(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(statusOf(received), `${method}: ${received.slice(0, 300)}`).toBeLessThan(500);
      expect(received).not.toMatch(/^location:/im);
      expect(received).not.toContain("root:");
    }
  });
});

describe("many at once", () => {
  it("who never finish what they say keep nobody from being served", async () => {
    const port = Number(new URL(lifeboat.url).port);
    const held = Array.from({ length: 400 }, (_, index) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined); // Cut off is a right end.
      const head = `PUT ${shop}/config/backup?${version} HTTP/1.1\r\nHost: x\r\nAuthorization: ${key()}\r\n`;
      // A head that goes on for ever; a body that does.
      socket.write(index % 2 === 0 ? `${head}X-Slow: ` : `${head}Content-Length: 1000\r\n\r\n{"properties":`);
      return socket;
    });
    try {
      await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
      for (let round = 0; round < 20; round++) {
        for (const socket of held) if (!socket.destroyed) socket.write(" ");
        const answers = await Promise.all(
          Array.from({ length: 5 }, () =>
            fetch(`${lifeboat.url}${shop}/backups?${version}`, { headers: bearer(data) }),
          ),
        );
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      }
      const made = await ask("POST", `${shop}/backup`, "{}");
      expect(made.status, made.text).toBe(200);
      await expect
        .poll(async () => (await ask("GET", `${shop}/backups/1`)).text, { timeout: 60_000 })
        .toMatch(/"status":"?(Succeeded|2)/);
    } finally {
      for (const socket of held) socket.destroy();
    }
  });
});
