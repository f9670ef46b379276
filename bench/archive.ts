// npm run bench:archive [-- --runs N --corpus small|media --case first,restore --tool restic,7z --check]
// Builds the corpora when they are missing, runs ours and the installed peers in turns, prints times, sizes, memory.
// npm run bench:archive -- million [COUNT]: the memory it takes to back up and restore very many files.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runArchiver } from "./archive/archiver-peer.ts";
import { generateTree, millionFiles } from "./archive/million-files.ts";
import { runOurs, serveOurs } from "./archive/ours.ts";
import { printReport } from "./archive/print-report.ts";
import { caseNames, type CorpusLabel, type Result, summaries } from "./archive/results.ts";
import { CorpusBench } from "./archive/run-cases.ts";
import { sealEntries } from "./archive/seal-entries.ts";
import { walkAndCopy } from "./archive/walk-and-copy.ts";
import { benchDirectory, corpus, type Corpus } from "./corpora/corpora.ts";

const list = (text: string | undefined): readonly string[] => (text ? text.split(",").map((part) => part.trim()) : []);

const compareAll = async (parameters: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      runs: { type: "string", default: "5" },
      corpus: { type: "string", default: "small,media" },
      case: { type: "string", default: caseNames.join(",") },
      tool: { type: "string" },
      check: { type: "boolean", default: false },
    },
  });
  const wanted = list(values.case);
  const corpora = new Map<CorpusLabel, Corpus>();
  const results: Result[] = [];
  for (const label of (["small", "media"] as const).filter((one) => list(values.corpus).includes(one))) {
    const built = corpus(`site-${label}`);
    corpora.set(label, built);
    const work = join(benchDirectory(), "work");
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    const bench = new CorpusBench({
      label,
      corpus: built.directory,
      work,
      runs: Number(values.runs),
      cases: caseNames.filter((name) => wanted.includes(name)),
      tools: list(values.tool),
    });
    await bench.run();
    results.push(...bench.results);
    rmSync(work, { recursive: true, force: true });
  }
  const allMet = printReport(summaries(results), corpora);
  if (values.check && !allMet) process.exitCode = 1;
};

/** The parts this file plays as a process of its own, so that each is measured whole. */
const parts: Readonly<Record<string, (...parameters: string[]) => Promise<void>>> = {
  archiver: runArchiver,
  ours: runOurs,
  serve: serveOurs,
  "walk-and-copy": walkAndCopy,
  million: millionFiles,
  "generate-tree": generateTree,
  "seal-entries": sealEntries,
};

const [part = "", ...parameters] = process.argv.slice(2);
await (parts[part]?.(...parameters) ?? compareAll(process.argv.slice(2)));
