// node scripts/run-ts.mjs bench/durable.ts [INSTANCES]: orchestration steps per second on a file with synchronous=FULL,
// beside what the disk allows and what one orchestration alone takes.
import * as df from "durable-functions";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import Module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/devhost/clock.ts";
import { createCore, type RegisteredFunction } from "../src/devhost/core.ts";
import { Database } from "../src/devhost/durable/database.ts";
import { createDurable } from "../src/devhost/durable/durable.ts";
import { createInvoker } from "../src/devhost/invoke.ts";
import { triggerOf } from "../src/devhost/triggers.ts";

const steps = 5;
const instances = Number(process.argv[2] ?? 200);

const { api, registry } = createCore(() => undefined);
// Node's module loader has no typed name for the function that `require` ends in.
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const nodeLoad = loader._load;
loader._load = (request, ...rest) => (request === "@azure/functions-core" ? api : nodeLoad(request, ...rest));
const invoker = createInvoker(registry, () => undefined);
const run = (called: RegisteredFunction | undefined, text: string): Promise<unknown> => {
  if (!called) throw new Error("The function is not registered.");
  const inputData = [{ name: triggerOf(called).name, data: { string: text } }];
  const request = { invocationId: randomUUID(), functionId: called.metadata.name, inputData, triggerMetadata: {} };
  return invoker.run(called, request);
};

df.app.activity("step", { handler: (input: { n: number }) => ({ n: input.n + 1 }) });
df.app.orchestration("chain", function* (context) {
  let value: { n: number } = { n: 0 };
  for (let step = 0; step < steps; step++) value = yield context.df.callActivity("step", value);
  return value;
});

const folder = mkdtempSync(join(tmpdir(), "bench-durable-"));
const durable = createDurable({
  databaseFile: join(folder, "runs.db"),
  hubName: "bench",
  limits: { maxConcurrentActivities: 20, maxConcurrentOrchestrators: 20 },
  functionTimeoutMs: 60_000,
  clock: systemClock,
  log: (level, _category, message) => console.error(level, message),
  isOrchestrator: (name) => name === "chain",
  isActivity: (name) => name === "step",
  invokeOrchestrator: (name, input) => run(registry.functions.get(name), input),
  invokeActivity: (name, { input }) => run(registry.functions.get(name), input),
});

const start = async (id: string): Promise<void> => {
  const url = `${durable.rpcBaseUrl()}orchestrators/chain/${id}`;
  const { status } = await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  if (status !== 202) throw new Error(`The start of ${id} was answered ${status}.`);
};

const timed = async (ids: readonly string[]): Promise<number> => {
  const begin = performance.now();
  await Promise.all(ids.map(start));
  await durable.idle();
  return performance.now() - begin;
};

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

const flushesPerSecond = (): number => {
  const database = new Database(join(folder, "flush.db"));
  database.exec("CREATE TABLE t (a TEXT)");
  const insert = database.run("INSERT INTO t VALUES (?)");
  const count = 300;
  const begin = performance.now();
  for (let n = 0; n < count; n++) database.transactNow(() => insert("x".repeat(500)));
  const elapsed = performance.now() - begin;
  database.close();
  return (count * 1000) / elapsed;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

await durable.start();
await timed(names("warm", 20));
const alone: number[] = [];
for (const id of names("alone", 15)) alone.push(await timed([id]));
const runs: number[] = [];
for (const run of [1, 2, 3]) runs.push((instances * steps * 1000) / (await timed(names(`run${run}-`, instances))));
console.log(`disk: ${flushesPerSecond().toFixed(0)} single commits/s`);
console.log(`one orchestration of ${steps} steps alone: ${median(alone).toFixed(1)} ms`);
console.log(
  `${instances} orchestrations x ${steps} steps at once: ${median(runs).toFixed(0)} steps/s (${runs.map((rate) => rate.toFixed(0)).join(", ")})`,
);
await durable.stop(1_000);
rmSync(folder, { recursive: true });
