import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, startLifeboat } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { serviceClient } from "../support/service-client.ts";

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

const commands = ["bash", "curl", "unzip"];

describeWith("bash, curl and unzip", commands.every(hasCommand), "the README's first session", () => {
  it("goes as it is shown", async () => {
    const folder = temporaryFolder();
    const data = join(folder.path, "data");
    const service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
    const client = serviceClient(service.url, bearer(data), "example");
    const shell = spawn("bash", ["--norc"], { stdio: ["pipe", "pipe", "pipe"] });
    const ended = once(shell, "close");
    let said = "";
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
    const type = async (command: string): Promise<string> => {
      said = "";
      shell.stdin.write(`${command}\necho "end of command"\n`);
      while (!said.includes("end of command\n")) await once(shell.stdout, "data");
      return said.replace("end of command\n", "");
    };
    let runs = 0;
    /** A reader is slower than what runs. */
    const idle = async (): Promise<void> => {
      while (service.output().split(/(?:backup|restore|undo) ended/).length - 1 < runs) await pause(20);
    };
    const parts = session();
    expect(parts.length).toBeGreaterThan(8);
    for (const { command, output } of parts) {
      await idle();
      const here = command.replaceAll("/srv/lifeboat", data).replaceAll("http://127.0.0.1:7071", service.url);
      const lines = (await type(here)).split("\n").map((line) => line.trim());
      expect(lines.join("\n"), command).toMatch(pattern(output));
      if (/^ask POST (?:backup|backups\/1\/restore|undo)(?: |$)/.test(command)) runs++;
    }
    await idle();
    expect(await client.backups()).toMatchObject([{ status: "Succeeded" }]);
    shell.stdin.end();
    await ended;
    folder.remove();
  });
});
