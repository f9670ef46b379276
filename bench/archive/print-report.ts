import { cpus } from "node:os";
import type { Corpus } from "../corpora/corpora.ts";
import { verdicts } from "./goals.ts";
import type { CorpusLabel, Summary } from "./results.ts";
import { oursName } from "./tools.ts";

const megabytes = (bytes: number | undefined): string => (bytes === undefined ? "" : (bytes / 1e6).toFixed(1));

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const line = (one: Summary, ours: Summary | undefined, corpusBytes: number): string =>
  row([
    one.tool,
    one.seconds.toFixed(2),
    `${one.spread[0].toFixed(2)}-${one.spread[1].toFixed(2)}`,
    (corpusBytes / 1e6 / one.seconds).toFixed(0),
    megabytes(one.outputBytes),
    megabytes(one.peakBytes),
    ours ? (ours.seconds / one.seconds).toFixed(2) : "",
  ]);

/** Tables by case, then each goal that could be judged. Returns whether all were met. */
export const printReport = (all: readonly Summary[], corpora: ReadonlyMap<CorpusLabel, Corpus>): boolean => {
  console.log(
    `\n${cpus().length} cores, Node ${process.version}, median of ${Math.max(...all.map((one) => one.runs))}`,
  );
  for (const title of new Set(all.map((one) => `${one.case}, ${one.corpus}`))) {
    const group = all.filter((one) => `${one.case}, ${one.corpus}` === title);
    const corpus = group[0] && corpora.get(group[0].corpus);
    const ours = group.find((one) => one.tool === oursName);
    console.log(`\n${title}\n`);
    console.log(row(["tool", "seconds", "from-to", "MB/s", "output MB", "memory MB", "lifeboat's time / its"]));
    console.log(row(Array.from({ length: 7 }, () => "---")));
    for (const one of group) console.log(line(one, ours, corpus?.bytes ?? 0));
  }
  const judged = verdicts(all);
  console.log("");
  for (const { text, isMet } of judged) console.log(`${isMet ? "met   " : "MISSED"} ${text}`);
  return judged.every(({ isMet }) => isMet);
};
