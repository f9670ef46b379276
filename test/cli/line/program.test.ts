import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { definitions } from "../../../src/cli/line/definitions.ts";
import { buildProgram } from "../../../src/cli/line/program.ts";

/** What is printed, what is told as a mistake, and how it ends. */
const typed = async (line: string, columns = 80) => {
  const ended = { out: "", mistake: "", code: "" };
  const program = buildProgram(definitions, "1.2.3", {
    start: async () => undefined,
    outputError: (text) => void (ended.mistake += text),
  });
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])])
    command.configureOutput({ writeOut: (text) => void (ended.out += text), getOutHelpWidth: () => columns });
  await program.parseAsync(["node", "lifeboat", ...line.split(" ")]).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
    ended.code = error.code;
  });
  return ended;
};

describe("help", () => {
  it("of a command that is none says so, and which was probably meant", async () => {
    expect(await typed("help nope")).toEqual({
      out: "",
      mistake: "error: unknown command 'nope'\n",
      code: "commander.unknownCommand",
    });
    expect((await typed("help bakup")).mistake).toBe("error: unknown command 'bakup'\n(Did you mean backup?)\n");
    expect((await typed("help site nope")).mistake).toContain("unknown command 'nope'");
  });

  it.each([
    ["help", 80],
    ["help restore", 60],
    ["help site add", 60],
  ] as const)("%s fits a terminal of %i columns", async (line, columns) => {
    const [form = ""] = (await typed(line, columns)).out.split(/^(?:Exit codes|Examples):/m);
    expect(Math.max(...form.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(columns);
  });

  it("of a group begins as that of a command does", async () => {
    expect((await typed("help site")).out).toContain("\n\nDescribe sites to the service, and forget them.\n");
  });

  it("of a command is that command's, also of one in a group", async () => {
    expect(await typed("help backup")).toMatchObject({
      mistake: "",
      out: expect.stringMatching(/^Usage: lifeboat backup /),
    });
    expect((await typed("help site add")).out).toMatch(/^Usage: lifeboat site add /);
    expect((await typed("help")).out).toMatch(/^Usage: lifeboat /);
  });
});
