import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

interface Shown {
  readonly command: string;
  /** `...` stands for any lines. */
  readonly output: readonly string[];
}

/** The session of the README's second block: what a reader would type, and what is promised to come. */
const session = (): readonly Shown[] => {
  const [, , block = ""] =
    /```console\n[\s\S]*?```[\s\S]*?(```console\n([\s\S]*?)```)/.exec(readFileSync("README.md", "utf8")) ?? [];
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.trimEnd().split("\n");
      return { command, output: output.filter((line) => line !== "") };
    });
};

/** Times, sizes and lengths differ from day to day. */
const pattern = (output: readonly string[]): RegExp => {
  const escape = (line: string): string => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\d+/g, "\\d+");
  const lines = output.map((line) =>
    line === "..." ? "(?:.*\\n)*" : `${escape(line.trim()).replace(/ +/g, " +")}\\n`,
  );
  return new RegExp(`^${lines.join("")}$`);
};

const commands = ["bash", "npx", "unzip"];

describeWith("bash, npx and unzip", commands.every(hasCommand), "the README's first session", () => {
  const folder = temporaryFolder();
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  it("goes as it is shown", async () => {
    const data = join(folder.path, "data");
    await startLifeboat({ data, flags: ["--tls-port", "0"] });
    const environment = { ...process.env, TZ: "UTC", LIFEBOAT_DATA: data, npm_config_update_notifier: "false" };
    const shell = spawn("bash", ["--norc"], { stdio: ["pipe", "pipe", "inherit"], env: environment });
    const ended = once(shell, "close");
    let said = "";
    shell.stdout.on("data", (text: Buffer) => (said += text.toString()));
    // What goes to the error output is seen among the rest, in its order.
    shell.stdin.write("exec 2>&1\n");
    const type = async (command: string): Promise<string> => {
      said = "";
      shell.stdin.write(`${command}\necho "end of command"\n`);
      while (!said.includes("end of command\n")) await once(shell.stdout, "data");
      return said.replace("end of command\n", "");
    };
    const parts = session();
    expect(parts.length).toBeGreaterThan(7);
    for (const { command, output } of parts) {
      const lines = (await type(command.replaceAll("~/.lifeboat", data)))
        .split("\n")
        // In a reader's terminal progress is one line that is gone at the end; here a slow machine leaves some.
        .filter((line) => !line.startsWith("Backing up example: "))
        .map((line) => line.trim());
      expect(lines.join("\n"), command).toMatch(pattern(output));
    }
    shell.stdin.end();
    await ended;
  });
});
