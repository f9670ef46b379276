import { oursName } from "./tools.ts";
import type { CaseName, CorpusLabel, Summary } from "./results.ts";

/** What the engine is meant to reach, as ratios within one run: seconds on two machines compare with nothing. */
interface Goal {
  readonly case: CaseName;
  readonly corpus: CorpusLabel;
  readonly of: "seconds" | "outputBytes";
  readonly against: string;
  /** Ours divided by theirs. */
  readonly atMost: number;
}

const goals: readonly Goal[] = [
  { case: "first", corpus: "small", of: "seconds", against: "zip -6", atMost: 1 / 3 },
  { case: "first", corpus: "small", of: "outputBytes", against: "zip -6", atMost: 1.005 },
  { case: "first", corpus: "small", of: "seconds", against: "archiver", atMost: 1 / 9 },
  { case: "first", corpus: "small", of: "seconds", against: "restic", atMost: 1 },
  { case: "first", corpus: "media", of: "seconds", against: "zip -6", atMost: 1 / 3 },
  { case: "first", corpus: "media", of: "seconds", against: "restic", atMost: 1.3 },
  { case: "1 % changed", corpus: "small", of: "seconds", against: "restic", atMost: 1 / 2 },
  { case: "nothing changed", corpus: "small", of: "seconds", against: "restic", atMost: 1 / 2 },
  { case: "nothing changed", corpus: "media", of: "seconds", against: "walk + copy", atMost: 1.5 },
  { case: "restore", corpus: "small", of: "seconds", against: "restic", atMost: 1 },
  { case: "restore", corpus: "small", of: "seconds", against: "7z", atMost: 1 },
  { case: "restore", corpus: "media", of: "seconds", against: "restic", atMost: 1 },
  { case: "restore", corpus: "media", of: "seconds", against: "7z", atMost: 1 },
  { case: "restore 1 %", corpus: "small", of: "seconds", against: "lifeboat, all of it", atMost: 1 / 5 },
];
const peakLimitBytes = 300e6;

interface Verdict {
  readonly text: string;
  readonly isMet: boolean;
}

const find = (all: readonly Summary[], goal: Goal, tool: string): number | undefined =>
  all.find((one) => one.case === goal.case && one.corpus === goal.corpus && one.tool === tool)?.[goal.of];

/** Goals whose two sides were both measured in this run, and the memory of ours. */
export const verdicts = (all: readonly Summary[]): readonly Verdict[] => {
  const ratios = goals.flatMap((goal) => {
    const mine = find(all, goal, oursName);
    const theirs = find(all, goal, goal.against);
    if (mine === undefined || theirs === undefined) return [];
    const what = goal.of === "seconds" ? "time" : "size";
    const ratio = mine / theirs;
    const text = `${goal.case}, ${goal.corpus}: ${what} ${ratio.toFixed(3)} of ${goal.against}, at most ${goal.atMost.toFixed(3)}`;
    return { text, isMet: ratio <= goal.atMost };
  });
  const peaks = all
    .filter((one) => one.tool === oursName && one.peakBytes !== undefined)
    .map(({ peakBytes = 0, ...one }) => ({
      text: `${one.case}, ${one.corpus}: ${(peakBytes / 1e6).toFixed(0)} MB of memory, at most ${peakLimitBytes / 1e6}`,
      isMet: peakBytes <= peakLimitBytes,
    }));
  return [...ratios, ...peaks];
};
