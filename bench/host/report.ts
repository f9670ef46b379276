export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

const rounded = (value: number): string => (value >= 10 ? Math.round(value).toLocaleString("en") : value.toFixed(2));

/** The median, and what it is the median of. */
export const spread = (values: readonly number[]): string =>
  `${rounded(median(values))} (${values.map(rounded).join(", ")})`;

export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly limit: number;
  readonly better: "higher" | "lower";
}

export const isMet = ({ value, limit, better }: Goal): boolean =>
  better === "higher" ? value >= limit : value <= limit;

export const verdict = (goal: Goal): string =>
  `${isMet(goal) ? "met   " : "MISSED"}  ${goal.text}: ${rounded(goal.value)}, goal ${goal.better === "higher" ? "at least" : "at most"} ${rounded(goal.limit)}`;
