// npm run bench:host [-- --rounds N --check]: what the host costs, beside what Node and the disk allow. Measured in turns,
// because a machine's speed drifts: the ratios count. --check fails the run when a goal is missed.
import { parseArgs } from "node:util";
import { stepsOfChain } from "./host/chain.ts";
import { coldStart, type ColdStart } from "./host/cold-start.ts";
import { flushRate, stepRate, timeAlone } from "./host/orchestrations.ts";
import { type Goal, isMet, median, spread, verdict } from "./host/report.ts";
import { requestRate } from "./host/request-rate.ts";
import { serveApp, serveBare, startApp, startBare } from "./host/servers.ts";

const roundMs = 2_000;
const orchestrations = 200;
const flushes = 300;

/** Calls the measurements one after the other, so many times; the first time is not counted. */
const inTurns = async <Found>(rounds: number, measureAll: () => Promise<Found>): Promise<readonly Found[]> => {
  await measureAll();
  const found: Found[] = [];
  for (let round = 0; round < rounds; round++) found.push(await measureAll());
  return found;
};

const measureServers = async (rounds: number): Promise<readonly Goal[]> => {
  const bare = await startBare();
  const app = await startApp();
  const found = await inTurns(rounds, async () => ({
    bare: await requestRate(bare, "/", roundMs),
    trivial: await requestRate(app, "/hello", roundMs),
    flushes: flushRate(flushes),
    steps: await stepRate(app, orchestrations),
    alone: await timeAlone(app),
  }));
  await Promise.all([bare.stop(), app.stop()]);
  const print = (label: string, pick: (round: (typeof found)[number]) => number, unit: string): void =>
    console.log(`${label.padEnd(31)}${spread(found.map(pick))} ${unit}`);
  print("bare node:http server", (round) => round.bare.perSecond, "requests/s");
  print("  one costs it", (round) => round.bare.cpuMicroseconds, "µs of processor time");
  print("a function that does nothing", (round) => round.trivial.perSecond, "requests/s");
  print("  one costs the host", (round) => round.trivial.cpuMicroseconds, "µs of processor time");
  print("flushes of the disk", (round) => round.flushes, "a second");
  print(`${orchestrations} orchestrations at once`, (round) => round.steps, "steps/s");
  print(`one orchestration of ${stepsOfChain} steps`, (round) => round.alone, "ms");
  const flushLimit = median(found.map((round) => round.flushes));
  const limitedBy = flushLimit < 1000 ? "what the disk flushes" : `the disk flushes ${Math.round(flushLimit)}`;
  return [
    {
      text: "requests/s beside bare node:http",
      value: median(found.map(({ bare, trivial }) => trivial.perSecond / bare.perSecond)),
      limit: 1 / 3,
      better: "higher",
    },
    {
      text: `orchestration steps/s (${limitedBy})`,
      value: median(found.map((round) => round.steps)),
      limit: Math.min(1000, flushLimit),
      better: "higher",
    },
  ];
};

const measureStarts = async (rounds: number): Promise<readonly Goal[]> => {
  const starts: ColdStart[] = [];
  for (let round = 0; round < rounds; round++) starts.push(await coldStart());
  const times = starts.map(({ readyMs }) => readyMs);
  const sizes = starts.flatMap(({ idleMegabytes }) => idleMegabytes ?? []);
  console.log(`node dist/start.js until ready ${spread(times)} ms`);
  console.log(`resident while idle            ${sizes.length > 0 ? `${spread(sizes)} MB` : "not told by this system"}`);
  return [
    { text: "cold start in ms", value: median(times), limit: 700, better: "lower" },
    ...(sizes.length > 0
      ? [{ text: "resident MB while idle", value: median(sizes), limit: 120, better: "lower" as const }]
      : []),
  ];
};

const measure = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, check: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  const goals = [...(await measureServers(rounds)), ...(await measureStarts(rounds))];
  console.log(`\n${goals.map(verdict).join("\n")}`);
  if (values.check && !goals.every(isMet)) process.exitCode = 1;
};

const [part, ...parameters] = process.argv.slice(2);
if (part === "bare") await serveBare();
else if (part === "app") await serveApp(...parameters);
else await measure();
