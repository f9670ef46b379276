// npm run bench:host [-- --rounds N --check]: what the host costs, beside what Node and the disk allow. Measured in turns,
// because a machine's speed drifts: the ratios count. --check fails the run when a goal is missed.
import { parseArgs } from "node:util";
import { coldStart, type ColdStart } from "./host/cold-start.ts";
import { flushRate, stepRate, timeAlone } from "./host/orchestrations.ts";
import { type Goal, isMet, median, spread, verdict } from "./host/report.ts";
import { requestRate } from "./host/request-rate.ts";
import { serveApp, serveBare, startApp, startBare } from "./host/servers.ts";

const roundMs = 2_000;
const orchestrations = 200;
const flushes = 300;

/** Calls each of the measurements once a round, one after the other. */
const inTurns = async <Name extends string>(
  rounds: number,
  measurements: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> => {
  const names = Object.keys(measurements) as Name[]; // The keys of the record that was given.
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>; // As above.
  for (let round = 0; round < rounds; round++) for (const name of names) results[name].push(await measurements[name]());
  return results;
};

const measureServers = async (rounds: number): Promise<readonly Goal[]> => {
  const bare = await startBare();
  const app = await startApp();
  const measurements = {
    bare: () => requestRate(bare.url, roundMs),
    trivial: () => requestRate(`${app.url}/hello`, roundMs),
    flushes: () => flushRate(flushes),
    steps: () => stepRate(app, orchestrations),
    alone: () => timeAlone(app),
  };
  await inTurns(1, measurements); // What the first calls of a process cost is not of interest.
  const found = await inTurns(rounds, measurements);
  await Promise.all([bare.stop(), app.stop()]);
  console.log(`bare node:http server          ${spread(found.bare)} requests/s`);
  console.log(`a function that does nothing   ${spread(found.trivial)} requests/s`);
  console.log(`flushes of the disk            ${spread(found.flushes)} a second`);
  console.log(`${orchestrations} orchestrations at once     ${spread(found.steps)} steps/s`);
  console.log(`one orchestration of 5 steps   ${spread(found.alone)} ms`);
  const ratios = found.trivial.map((rate, round) => rate / (found.bare[round] ?? NaN));
  const flushLimit = median(found.flushes);
  const limitedBy = flushLimit < 1000 ? "what the disk flushes" : `the disk flushes ${Math.round(flushLimit)}`;
  return [
    { text: "requests/s beside bare node:http", value: median(ratios), limit: 1 / 3, better: "higher" },
    {
      text: `orchestration steps/s (${limitedBy})`,
      value: median(found.steps),
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
