import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { definitions } from "../../../src/cli/line/definitions.ts";
import { buildProgram } from "../../../src/cli/line/program.ts";

/** What is printed, what is told as a mistake, and how it ends. */
const typed = async (line: string) => {
  const ended = { out: "", mistake: "", code: "" };
  const program = buildProgram(definitions, "1.2.3", {
    start: async () => undefined,
    outputError: (text) => void (ended.mistake += text),
  });
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])])
    command.configureOutput({ writeOut: (text) => void (ended.out += text) });
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

  it("of a command is that command's, also of one in a group", async () => {
    expect(await typed("help backup")).toMatchObject({
      mistake: "",
      out: expect.stringMatching(/^Usage: lifeboat backup /),
    });
    expect((await typed("help site add")).out).toMatch(/^Usage: lifeboat site add /);
    expect((await typed("help")).out).toMatch(/^Usage: lifeboat /);
  });
});
