// npm run bench:hostile [-- --check]: how long honest callers wait while others do what they can against them: connections that
// never finish what they say, failed logins, bodies at the limit that are hard to read, and no HTTP at all.
import { mkdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { benchDirectory } from "./corpora/corpora.ts";
import { isMet, median, verdict, type Goal } from "./host/report.ts";
import { startService } from "./service/service.ts";

const heldConnections = 500;
const honestClients = 50;
const honestPauseMs = 500;
const calmMs = 10_000;
const attackMs = 30_000;

const work = join(benchDirectory(), "hostile");
rmSync(work, { recursive: true, force: true });
const site = join(work, "site");
mkdirSync(site, { recursive: true });
const service = await startService(join(work, "data"), ["shop"], site);
const { hostname, port } = new URL(service.url);
let until = 0;
const counts = { honest: 0, failed: 0, slow: 0, logins: 0, bodies: 0, garbage: 0 };
let times: number[] = [];

const repeat = async (work: () => Promise<unknown>, pauseMs: number): Promise<void> => {
  while (performance.now() < until) {
    await work();
    await pause(pauseMs);
  }
};

const honest = async (): Promise<void> => {
  const started = performance.now();
  try {
    await service.ask("shop/backups");
    counts.honest++;
  } catch {
    counts.failed++; // Counted, and a goal of its own.
  }
  times.push(performance.now() - started);
};

const path = `${service.group}/shop/config/backup?api-version=2025-05-01`;

/** Sends one byte a second, of a head or of a body, and comes back when it is cut off. */
const hold = async (index: number): Promise<void> => {
  let socket: Socket | undefined;
  await repeat(async () => {
    if (socket === undefined || socket.destroyed) {
      counts.slow++;
      socket = connect(Number(port), hostname).on("error", () => undefined); // Cut off is what is hoped for.
      const head = `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${service.headers.authorization}\r\n`;
      socket.write(index % 2 === 0 ? `${head}X-Slow: ` : `${head}Content-Length: 100000\r\n\r\n`);
    }
    socket.write(" ");
  }, 1_000);
  socket?.destroy();
};

const send = async (headers: Readonly<Record<string, string>>, method: string, body?: string): Promise<void> => {
  const answer = await fetch(`${service.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  await answer.arrayBuffer();
};

const login = async (): Promise<void> => {
  counts.logins++;
  await send({ authorization: `Bearer ${"x".repeat(1_000)}${counts.logins}` }, "GET");
};

/** Just below the limit of 1 MiB; not JSON in the end, so that both readers look at all of it. */
const hardBodies = [
  `{"properties":{"backupName":"${"\\u0041".repeat(170_000)}",,}}`,
  `{"properties":${"[".repeat(1_000_000)}`,
  `${"/* */ ".repeat(170_000)}{`,
  `{${'"a":1,'.repeat(170_000)}`,
];
const body = async (): Promise<void> => {
  const text = hardBodies[counts.bodies++ % hardBodies.length] ?? "";
  await send(service.headers, "PUT", text);
};

const garbage = async (): Promise<void> => {
  counts.garbage++;
  const socket = connect(Number(port), hostname).on("error", () => undefined); // As above.
  socket.end(`GARBAGE ${counts.garbage}\r\n\u0000\r\n\r\n`);
  await new Promise((resolve) => socket.once("close", resolve).resume());
};

const clients = (): Promise<void>[] => Array.from({ length: honestClients }, () => repeat(honest, honestPauseMs));
const p99Of = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * 0.99)] ?? NaN;

until = performance.now() + calmMs;
await Promise.all(clients());
const calm = p99Of(times);
times = [];
until = performance.now() + attackMs;
await Promise.all([
  ...clients(),
  ...Array.from({ length: heldConnections }, (_, index) => hold(index)),
  repeat(login, 20),
  repeat(body, 200),
  repeat(garbage, 50),
]);
await service.stop();
rmSync(work, { recursive: true, force: true });

console.log(
  `${attackMs / 1_000} s, ${heldConnections} connections held (${counts.slow} made), ${counts.logins} failed logins, ${counts.bodies} hard bodies, ${counts.garbage} times garbage: ${times.length} honest answers, median ${median(times).toFixed(1)} ms, p99 ${p99Of(times).toFixed(0)} ms; before that, in peace, ${calm.toFixed(0)} ms`,
);
const goals: readonly Goal[] = [
  { text: "p99 of honest callers, ms", value: p99Of(times), limit: 500, better: "lower" },
  { text: "honest requests that failed", value: counts.failed, limit: 0, better: "lower" },
];
for (const goal of goals) console.log(verdict(goal));
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
if (values.check && !goals.every(isMet)) process.exitCode = 1;
