import { readFileSync } from "node:fs";

/** A row of docs/faults.md by the words in the table's head. */
export type FaultRow = Readonly<Record<string, string>>;

/** The table below a heading of docs/faults.md, by the fault. */
export const faultTable = (heading: string): ReadonlyMap<string, FaultRow> => {
  const section = readFileSync("docs/faults.md", "utf8")
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const [head, , ...rows] = (section ?? "")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map(cells);
  if (head === undefined) throw new Error(`docs/faults.md has no table below "${heading}".`);
  return new Map(
    rows.map((row) => [row[0] ?? "", Object.fromEntries(head.map((word, index) => [word, row[index] ?? ""]))]),
  );
};

const cells = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));

/** What the table says, as a pattern: "…" stands for names and further lines, an empty cell for no log at all. */
export const saying = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("…")
      .map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&"))
      .join("[^]+")}$`,
  );
