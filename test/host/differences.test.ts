import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { differences } from "./differences.ts";

const document = readFileSync("docs/devhost.md", "utf8");
const section = (title: string): string => document.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";

/** The first two cells of each row of a section's table. */
const rows = (title: string): readonly (readonly [string, string])[] =>
  [...section(title).matchAll(/^\| `([\w-]+)` +\| (.+?) +\|/gm)].map(([, id = "", what = ""]) => [id, what]);

const suite = readdirSync("test/host")
  .filter((name) => name.endsWith(".test.ts") && name !== "differences.test.ts")
  .map((name) => readFileSync(`test/host/${name}`, "utf8"))
  .join("\n");
const marks = [...suite.matchAll(/\b(?:itHere|expectedOf)\(\s*"([\w-]+)"/g)].map(([, id = ""]) => id);

describe("the table of differences in docs/devhost.md", () => {
  it("has the rows that the suite knows, word for word and in the same order", () => {
    expect(rows("What it does differently")).toEqual(Object.entries(differences));
  });

  it("has no row without a test, and no test is marked with a row it does not have", () => {
    expect([...new Set(marks)].toSorted()).toEqual(Object.keys(differences).toSorted());
  });
});

describe("the table of what no request can show", () => {
  it("names a test for every row", () => {
    const lines = section("What no request can show")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => !/`test\/[\w/.-]+\.test\.ts`/.test(line))).toEqual([]);
  });
});
