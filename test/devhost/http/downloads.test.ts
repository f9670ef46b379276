import { app } from "@azure/functions";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeAll, expect, it } from "vitest";
import { sortFunctions } from "../../../src/devhost/app-functions.ts";
import { functionTimeout } from "../../../src/devhost/function-timeout.ts";
import { listen, type Listener } from "../../../src/devhost/http/http-listener.ts";
import type { HttpHandler } from "../../../src/devhost/http/http-handler.ts";
import { parseRequestPath } from "../../../src/devhost/http/request-path.ts";
import { createHttpRunner } from "../../../src/devhost/http/run-http-function.ts";
import { createInvoker } from "../../../src/devhost/invoke.ts";
import { type InnerServer, openInnerServer } from "../../../src/devhost/load-app.ts";
import { registryInProcess } from "../durable/app-in-process.ts";
import { ManualClock } from "../durable/manual-clock.ts";

/** Downloads through the real SDK, as the host hands them requests. */
const minute = 60_000;
const piece = Buffer.alloc(2 ** 20, "x");
const pieces = 64;

/** What the function waits for before each piece, as the test sets it. */
let before: () => Promise<void> | void = () => undefined;
let produced = 0;
let hasEnded = false;

const content = async function* (): AsyncGenerator<Uint8Array> {
  try {
    for (produced = 0; produced < pieces; produced++) {
      await before();
      yield piece;
    }
  } finally {
    hasEnded = true;
  }
};

let inner: InnerServer | undefined;
beforeAll(async () => {
  app.setup({ enableHttpStream: true });
  app.http("content", { handler: () => ({ body: content() }) });
  // Other files of this process register functions after this one.
  inner = await openInnerServer({ ...registryInProcess, close: () => true });
});

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close(0);
  log.length = 0;
});

const log: string[] = [];
const keep = (_level: unknown, _category: unknown, message: string): void => void log.push(message);

const serve = async (clock: ManualClock): Promise<Socket> => {
  const functions = [...registryInProcess.functions.values()];
  const [target] = sortFunctions({ functions, routePrefix: "", environment: {}, log: keep }).http;
  if (target === undefined) throw new Error("The test's function is not there.");
  const run = createHttpRunner({
    inner,
    invoker: createInvoker(registryInProcess, keep),
    log: keep,
    bodyLimitBytes: 1,
    timeout: functionTimeout(clock, 10 * minute),
    clientBinding: () => "",
    proxies: new Set(),
  });
  const path = parseRequestPath("/content");
  if (path === undefined) throw new Error("This is a path.");
  const handle = (...[request, response, scheme]: Parameters<HttpHandler>): void =>
    void run({ target, values: {}, path, scheme, request, response });
  listener = await listen({ address: "127.0.0.1", port: 0, handle });
  [produced, hasEnded] = [0, false];
  const client = connect(listener.port, "127.0.0.1").on("error", () => undefined);
  client.write("GET /content HTTP/1.0\r\n\r\n");
  return client;
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

it("a download goes on for as long as the client takes it", async () => {
  const clock = new ManualClock("2026-01-01T00:00:00Z");
  before = () => clock.advance(minute);
  const client = await serve(clock);
  let bytes = 0;
  client.on("data", (part) => (bytes += part.length));
  await once(client, "close");
  expect(bytes).toBeGreaterThan(pieces * piece.length);
  expect([hasEnded, log]).toEqual([true, []]);
});

it("a download of which the client takes nothing for too long is cut", async () => {
  const clock = new ManualClock("2026-01-01T00:00:00Z");
  before = () => undefined;
  const client = await serve(clock);
  // Which a reset comes before, that `once` would take for a failure.
  const closed = new Promise((resolve) => client.once("close", resolve));
  let last = -1;
  // What the sockets hold has been filled when nothing more is produced for a while.
  for (let quiet = 0; quiet < 1_000; quiet = produced > 0 && produced === last ? quiet + 1 : 0) {
    last = produced;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(produced).toBeLessThan(pieces);
  clock.advance(10 * minute);
  client.resume();
  await closed;
  await until(() => hasEnded);
  expect(log).toEqual(["Timeout value of 00:10:00 was exceeded by function: Functions.content"]);
});

it("a download that breaks off is reset: to a client of HTTP/1.0 its mere end would look whole", async () => {
  let [head, bytes] = [0, 0];
  before = async () => {
    if (produced < 2) return;
    // With bytes on their way Node would tell an end where there is a reset.
    await until(() => bytes - head === 2 * piece.length);
    throw new Error("the archive is gone");
  };
  const client = await serve(new ManualClock("2026-01-01T00:00:00Z"));
  const failed = new Promise((resolve) => client.once("error", resolve));
  client.once("data", (part) => (head = part.indexOf("\r\n\r\n") + 4));
  client.on("data", (part) => (bytes += part.length));
  expect(await failed).toMatchObject({ code: "ECONNRESET" });
  expect(log).toEqual([expect.stringContaining("the archive is gone")]);
});
