// npm run bench:service [-- --runs N --corpus small,media --check]: what the service adds to the engine, from the API call to
// Succeeded (read back included), measured in turns: first and reused backups and a restore, to a directory and to Azurite.
import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { blobContainer } from "../src/adapters/destination/blob-container.ts";
import { directoryDestination } from "../src/adapters/destination/directory.ts";
import { LocalDirectory } from "../src/adapters/site-files/local-directory.ts";
import { filesPrefix } from "../src/archive/listing/entry-row.ts";
import { extractToRoots } from "../src/archive/restore/extract-to-roots.ts";
import { PackPool } from "../src/archive/threads/pack-pool.ts";
import { pathFromText } from "../src/domain/byte-path.ts";
import { Secret } from "../src/domain/secret.ts";
import type { Destination } from "../src/ports/destination.ts";
import { startAzurite } from "../test/support/azurite.ts";
import { fullBackup, openBackup, secondBackup } from "./archive/drive-engine.ts";
import { benchDirectory, corpus, type CorpusName } from "./corpora/corpora.ts";
import { isMet, median, spread, verdict, type Goal } from "./host/report.ts";
import { startService, type Service } from "./service/service.ts";

/** The service may add so much to the engine on a directory. */
const limit = 1.25;

interface Place {
  readonly name: string;
  readonly url: string;
  readonly destination: Destination;
}

interface Round {
  readonly first: number;
  readonly reused: number;
  readonly restore: number;
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

const rootAt = (directory: string) => ({ at: pathFromText("site/wwwroot"), directory });

const engineRound = async (runner: PackPool, { destination }: Place, site: string, into: string): Promise<Round> => {
  const setting = (name: string) => ({
    site: new LocalDirectory([rootAt(site)]),
    destination,
    runner,
    name,
    tick: () => undefined,
  });
  let commitId = "";
  const first = await timed(async () => ({ commitId } = await fullBackup(setting("engine-1.zip"))));
  const reused = await timed(() => secondBackup(setting("engine-2.zip"), { name: "engine-1.zip", commitId }));
  mkdirSync(into, { recursive: true });
  const restore = await timed(async () => {
    const archive = await openBackup(destination, "engine-2.zip");
    return extractToRoots(archive, archive.byOffset, {
      runner,
      roots: [rootAt(into)],
      prefix: filesPrefix,
      stampsFolders: true,
    });
  });
  for (const name of ["engine-1.zip", "engine-2.zip"]) await destination.remove(name);
  return { first, reused, restore };
};

const serviceRound = async (service: Service, { url, destination }: Place, site: string): Promise<Round> => {
  const first = await service.backup(site, url);
  const reused = await service.backup(site, url);
  const restore = await service.restore(site, `${site}-restored`, url);
  for await (const { name } of destination.list("")) await destination.remove(name);
  return { first, reused, restore };
};

const print = (name: string, engine: readonly Round[], service: readonly Round[], isBound: boolean): readonly Goal[] =>
  (["first", "reused", "restore"] as const).map((part) => {
    const [bare, whole] = [engine, service].map((rounds) => rounds.map((round) => round[part]));
    console.log(`${name}, ${part.padEnd(7)}  engine ${spread(bare ?? [])} s  service ${spread(whole ?? [])} s`);
    const ratio = median((whole ?? []).map((seconds, round) => seconds / (bare?.[round] ?? NaN)));
    return {
      text: `${name}, ${part}: service / engine`,
      value: ratio,
      limit: isBound ? limit : Infinity,
      better: "lower",
    };
  });

const measure = async (name: CorpusName, runs: number): Promise<readonly Goal[]> => {
  const { directory } = corpus(name);
  const work = join(benchDirectory(), "service");
  rmSync(work, { recursive: true, force: true });
  const folder = join(work, "containers", "backups");
  mkdirSync(folder, { recursive: true });
  const azurite = await startAzurite();
  const container = await azurite.createContainer("backups");
  const url = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 86_400_000));
  const sas = new Secret(new URL(url).search.slice(1));
  const places: readonly Place[] = [
    { name: "directory", url: pathToFileURL(folder).href, destination: directoryDestination(folder) },
    { name: "Azurite", url, destination: await blobContainer({ container, sas }) },
  ];
  const rounds = places.flatMap((place) => Array.from({ length: runs + 1 }, (_, run) => ({ place, run })));
  const siteOf = (place: Place, run: number): string => `${place.name.toLowerCase()}-${run}`;
  const sites = rounds.map(({ place, run }) => siteOf(place, run));
  const service = await startService(join(work, "data"), sites, directory);
  const runner = new PackPool({
    threads: availableParallelism(),
    script: new URL("../archive-worker.js", import.meta.url),
  });
  const goals: Goal[] = [];
  for (const place of places) {
    const engine: Round[] = [];
    const whole: Round[] = [];
    // The first round warms both up and is not counted.
    for (let run = 0; run <= runs; run++) {
      const into = join(work, "restored", `${place.name}-${run}`);
      const bare = await engineRound(runner, place, directory, into);
      const served = await serviceRound(service, place, siteOf(place, run));
      rmSync(into, { recursive: true });
      rmSync(join(work, "data", "www"), { recursive: true, force: true });
      if (run > 0) engine.push(bare);
      if (run > 0) whole.push(served);
    }
    goals.push(...print(`${name} to ${place.name}`, engine, whole, place.name === "directory"));
  }
  await service.stop();
  await runner.close();
  await azurite.stop();
  rmSync(work, { recursive: true, force: true });
  return goals;
};

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    corpus: { type: "string", default: "small,media" },
    check: { type: "boolean", default: false },
  },
});
const goals: Goal[] = [];
for (const name of ["site-small", "site-media"] as const)
  if (values.corpus.split(",").includes(name.slice("site-".length)))
    goals.push(...(await measure(name, Number(values.runs))));
for (const goal of goals) console.log(verdict(goal));
if (values.check && !goals.every(isMet)) process.exitCode = 1;
