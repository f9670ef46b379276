export const caseNames = ["first", "nothing changed", "1 % changed", "restore", "restore 1 %"] as const;
export type CaseName = (typeof caseNames)[number];
export type CorpusLabel = "small" | "media";

/** One measured run of one tool. */
export interface Result {
  readonly case: CaseName;
  readonly corpus: CorpusLabel;
  readonly tool: string;
  readonly seconds: number;
  readonly peakBytes: number | undefined;
  readonly outputBytes: number | undefined;
}

/** All runs of one tool in one case. */
export interface Summary {
  readonly case: CaseName;
  readonly corpus: CorpusLabel;
  readonly tool: string;
  readonly runs: number;
  /** Median. */
  readonly seconds: number;
  readonly spread: readonly [number, number];
  /** The largest seen. */
  readonly peakBytes: number | undefined;
  readonly outputBytes: number | undefined;
}

const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

const largest = (numbers: readonly (number | undefined)[]): number | undefined => {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

export const summaries = (results: readonly Result[]): readonly Summary[] => {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const key = [result.case, result.corpus, result.tool].join("\0");
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const seconds = group.map((result) => result.seconds);
    return {
      ...first,
      runs: group.length,
      seconds: median(seconds),
      spread: [Math.min(...seconds), Math.max(...seconds)] as const,
      peakBytes: largest(group.map((result) => result.peakBytes)),
      outputBytes: largest(group.map((result) => result.outputBytes)),
    };
  });
};
