import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { OptionDefinition } from "../../src/cli/command.ts";
import { definitions } from "../../src/cli/line/definitions.ts";
import { commonOptions } from "../../src/cli/line/program.ts";

const text = readFileSync("docs/cli.md", "utf8");
const visible = definitions.filter(({ isHidden }) => isHidden !== true);

/** Rows whose first cell is code, of one section. */
const rows = (section: string): readonly (readonly string[])[] =>
  [...section.matchAll(/^\| `(.+?)` +\| (.+?) +\|$/gm)].map(([, name = "", about = ""]) => [name, about]);
const section = (heading: string): string =>
  text.split(/^(?=##+ )/m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
const optionRows = (options: readonly OptionDefinition[]) =>
  options.filter(({ isHidden }) => isHidden !== true).map(({ flags, about }) => [flags, about]);

describe("docs/cli.md", () => {
  it("has every command as its help tells it, and the options of all", () => {
    const usages = visible.map(({ name, about, arguments: wanted = [] }) => [
      ["lifeboat", name, ...wanted.map((argument) => argument.name)].join(" "),
      about,
    ]);
    expect(rows(section("## Commands"))).toEqual([...usages, ...optionRows(commonOptions)]);
  });

  it.each(visible.filter(({ options = [] }) => options.length > 0))(
    "has the options of $name, and no others",
    ({ name, options = [] }) => {
      expect(rows(section(`### ${name}`))).toEqual(optionRows(options));
    },
  );

  it("has no section for a command that has no options of its own, or does not exist", () => {
    const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(visible.filter(({ options = [] }) => options.length > 0).map(({ name }) => name));
  });
});

describe("every command", () => {
  it.each(definitions)("$name has an example that begins with its own words", ({ name, examples }) => {
    expect(examples.length).toBeGreaterThan(0);
    for (const [typed] of examples) expect(typed).toMatch(new RegExp(`^lifeboat ${name}(?: |$)`));
  });

  it.each(definitions)(
    "$name uses only options it has in its examples, and loads",
    async ({ examples, options = [], load }) => {
      const known = [...options, ...commonOptions].map(({ flags }) => flags.split(" ")[0]);
      for (const [typed] of examples)
        for (const [flag] of typed.split(" > ")[0]?.matchAll(/(?<= )--\w[\w-]*/g) ?? []) expect(known).toContain(flag);
      expect(await load()).toBeTypeOf("function");
    },
  );
});
