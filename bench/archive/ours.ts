import { availableParallelism } from "node:os";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { LocalDirectory } from "../../src/adapters/site-files/local-directory.ts";
import { compareMany, verdict } from "../../src/archive/compare/compare-many.ts";
import { filesPrefix } from "../../src/archive/listing/entry-row.ts";
import { extractToRoots } from "../../src/archive/restore/extract-to-roots.ts";
import { PackPool } from "../../src/archive/threads/pack-pool.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import type { LocalRoot } from "../../src/ports/site-files.ts";
import { settings } from "../../src/settings/settings.ts";
import { fullBackup, listAll, openBackup, secondBackup } from "./drive-engine.ts";

/** Returns what it has done, in words. */
type Part = (runner: PackPool, ...parameters: string[]) => Promise<string>;

const rootOf = (directory: string): LocalRoot => ({ at: pathFromText(""), directory });

/** Says on standard error how long each part took, for whoever looks for hot spots. */
const clock = (): ((part: string) => void) => {
  let last = performance.now();
  return (part) => {
    const now = performance.now();
    console.error(`${part}: ${((now - last) / 1000).toFixed(2)} s`);
    last = now;
  };
};

const threads = availableParallelism();

const startPool = (): PackPool =>
  // This bundle lies in dist/ts, the threads' own beside that folder.
  new PackPool({
    threads,
    script: new URL("../archive-worker.js", import.meta.url),
    level: settings.shape.LIFEBOAT_COMPRESSION.parse(process.env["LIFEBOAT_COMPRESSION"]),
  });

const full: Part = async (runner, site = "", output = "") => {
  const destination = directoryDestination(dirname(output));
  const files = new LocalDirectory([rootOf(site)], runner);
  const sealed = await fullBackup({ site: files, destination, runner, name: basename(output), tick: clock() });
  return `${sealed.entries} entries`;
};

/** The commit id of the archive before comes from where the catalog's stands in for: the object's metadata. */
const again: Part = async (runner, site = "", previous = "", output = "") => {
  if (dirname(previous) !== dirname(output)) throw new Error("Both archives lie in one folder.");
  const destination = directoryDestination(dirname(output));
  const files = new LocalDirectory([rootOf(site)], runner);
  const name = basename(previous);
  const commitId = (await destination.head(name))?.metadata["commitid"] ?? "";
  const setting = { site: files, destination, runner, name: basename(output), tick: clock() };
  const sealed = await secondBackup(setting, { name, commitId });
  return `${sealed.entries} entries`;
};

const restore: Part = async (runner, archive = "", into = "") => {
  const tick = clock();
  const opened = await openBackup(directoryDestination(dirname(archive)), basename(archive));
  tick("open");
  const done = await extractToRoots(opened, opened.byOffset, {
    runner,
    roots: [rootOf(into)],
    prefix: filesPrefix,
    stampsFolders: true,
  });
  tick("extract");
  return `${done.entries} entries`;
};

/** Compares the live site by content, and stages what differs. */
const compare: Part = async (runner, archive = "", site = "", staging = "") => {
  const tick = clock();
  const files = new LocalDirectory([rootOf(site)], runner);
  const [listing, opened] = await Promise.all([
    listAll(files),
    openBackup(directoryDestination(dirname(archive)), basename(archive)),
  ]);
  tick("list and open");
  const { verdicts, onlyListed } = await compareMany(opened.directory, { listing, files }, { runner });
  tick("compare");
  const differing = [...verdicts.keys()].filter((place) => verdicts[place] !== verdict.equal);
  await extractToRoots(opened, differing, {
    runner,
    roots: [rootOf(staging)],
    prefix: filesPrefix,
    stampsFolders: true,
  });
  tick("stage");
  return `${differing.length} to write, ${onlyListed.length} to remove`;
};

const parts: Readonly<Record<string, Part>> = { full, again, restore, compare };

const partNamed = (name: string): Part => {
  const part = parts[name];
  if (!part) throw new Error(`There is no part "${name}".`);
  return part;
};

/** The engine as a program of its own: `full SITE ARCHIVE`, `again SITE ARCHIVE NEXT`, `restore ARCHIVE INTO`, `compare ARCHIVE SITE STAGING`. */
export const runOurs = async (name = "", ...parameters: string[]): Promise<void> => {
  const part = partNamed(name);
  const runner = startPool();
  // A service's threads run already when a backup begins; these start beside its first step.
  const started = Promise.all(Array.from({ length: threads }, () => runner.run("place", { placings: [] })));
  console.log(await part(runner, ...parameters));
  await started;
  await runner.close();
};

/** The engine in a process that goes on, as in the service: does what each line of its input says, and answers each by one line. */
export const serveOurs = async (): Promise<void> => {
  const runner = startPool();
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = "", ...parameters] = JSON.parse(line) as string[];
    console.log(await partNamed(name)(runner, ...parameters));
  }
  await runner.close();
};
