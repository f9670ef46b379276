import { showName } from "./show-text.ts";

interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/** Rows below their titles, two spaces between columns, nothing behind the last. */
export const showTable = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  const shown = rows.map((row) => row.map(showName));
  const lines = [columns.map(({ title }) => title), ...shown];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const cell = (text: string, index: number): string =>
    columns[index]?.right === true ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  return lines.map((line) => `${line.map(cell).join("  ").trimEnd()}\n`).join("");
};
