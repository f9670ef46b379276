import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { parseFilter } from "../../src/domain/filter.ts";

const text = readFileSync("docs/filter.md", "utf8");
const rows = [...text.matchAll(/^\| `(.+?)` +\| `(.+?)` +\| `(.+?)` +\|$/gm)].map(
  ([, line = "", left = "", kept = ""]) => ({
    line,
    left,
    kept,
  }),
);

describe("docs/filter.md", () => {
  it("has examples that this test reads", () => {
    expect(rows.length).toBeGreaterThanOrEqual(8);
  });

  it.each(rows)("is right about $line", ({ line, left, kept }) => {
    const filter = parseFilter(line);
    expect(filter.excludedBy(pathFromText(left))?.text).toBe(line);
    expect(filter.excludedBy(pathFromText(kept))).toBeUndefined();
  });
});
