// node scripts/run-ts.mjs bench/corpora/corpora.ts [FOLDER]: builds what is missing of the benchmark corpora.
import {
  chmodSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildMedia } from "./build-media.ts";
import { buildSmall } from "./build-small.ts";
import { type TreeDescription, describeTree } from "./describe-tree.ts";

export type CorpusName = "site-small" | "site-media";
export interface Corpus extends TreeDescription {
  readonly name: CorpusName;
  readonly directory: string;
  /** Packages this machine could not get; figures without them compare with nothing but themselves. */
  readonly missing: readonly string[];
}

const builders: Record<CorpusName, (root: string, work: string) => readonly string[]> = {
  "site-small": buildSmall,
  "site-media": buildMedia,
};

/** Where corpora and everything made from them lie: LIFEBOAT_BENCH_DIR, else a folder among the temporary ones. */
export const benchDirectory = (): string =>
  resolve(process.env["LIFEBOAT_BENCH_DIR"] ?? join(tmpdir(), "lifeboat-bench"));

// One time for all, so that two machines make the same archive; links go, because every tool treats them differently.
const stampSeconds = Date.UTC(2026, 0, 2, 3, 4, 6) / 1000;
const makePlain = (root: string): void => {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o111 ? 0o755 : 0o644);
    else if (entry.isDirectory()) chmodSync(path, 0o755);
    else {
      unlinkSync(path);
      continue;
    }
    lutimesSync(path, stampSeconds, stampSeconds);
  }
};

/** The corpus, built when it is not there. It appears under its name only when it is complete. */
export const corpus = (name: CorpusName, bench = benchDirectory()): Corpus => {
  const directory = join(bench, name);
  const description = join(bench, `${name}.json`);
  // Written by the lines below, after everything else.
  if (existsSync(description)) return { ...(JSON.parse(readFileSync(description, "utf8")) as Corpus), directory };
  console.error(`building ${name} in ${bench} ...`);
  const building = `${directory}.building`;
  for (const old of [directory, building]) rmSync(old, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const missing = builders[name](building, join(bench, "downloads"));
  makePlain(building);
  renameSync(building, directory);
  const built: Corpus = { name, directory, ...describeTree(directory), missing };
  writeFileSync(description, `${JSON.stringify(built, null, 2)}\n`);
  return built;
};

if (process.argv[1]?.endsWith("corpora.js")) {
  const bench = resolve(process.argv[2] ?? benchDirectory());
  mkdirSync(bench, { recursive: true });
  console.log(JSON.stringify([corpus("site-small", bench), corpus("site-media", bench)], null, 2));
}
